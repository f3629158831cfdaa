import Logging
import Postgres
import Store
import TestSupport
import Testing
import Trading

@Suite("Asking a strategy to stop or to pause", .timeLimit(.minutes(5)))
struct StopAndPauseTests {
    @Test("a stop is recorded once; a second one changes nothing")
    func stop() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, shards: 0..<10)
            let (id, shard) = try await fixture.start("BTCUSDT")
            let first = try await fixture.desired.requestStop(
                symbol: "BTCUSDT",
                exchange: "binance",
                reason: "enough",
                positions: .close
            )
            #expect(first == .requested(id: id, shard: shard))
            let second = try await fixture.desired.requestStop(
                symbol: "BTCUSDT",
                exchange: "binance",
                reason: "again",
                positions: .keep
            )
            #expect(second == first)
            let row = try await fixture.pool.query(
                "SELECT stop_reason, stop_positions, stop_requested_at IS NOT NULL FROM tenure.strategies"
            )[0].decode(String.self, String.self, Bool.self)
            #expect(row == ("enough", "close", true))
            #expect(try await fixture.number("SELECT revision FROM tenure.shards WHERE id = \(shard)") == 2)
            #expect(try await fixture.queries.active(id: id)?.status == .stopping)
        }
    }

    @Test("a stop of what is not active finds nothing")
    func stopNothing() async throws {
        try await DesiredStateFixture.with { fixture in
            let outcome = try await fixture.desired.requestStop(
                symbol: "BTCUSDT",
                exchange: "binance",
                reason: "enough",
                positions: .keep
            )
            #expect(outcome == .notFound)
            let pause = try await fixture.desired.setPaused(symbol: "BTCUSDT", exchange: "binance", true)
            #expect(pause == .notFound)
        }
    }

    @Test("pause and resume are recorded with an event, and only when they change something")
    func pause() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, shards: 0..<10)
            let (id, shard) = try await fixture.start("BTCUSDT")
            try await fixture.pool.query("UPDATE tenure.strategies SET phase = 'running'")
            for (paused, changed) in [(true, true), (true, false), (false, true), (false, false)] {
                let outcome = try await fixture.desired.setPaused(symbol: "BTCUSDT", exchange: "binance", paused)
                #expect(outcome == .done(id: id, shard: shard, changed: changed))
                #expect(try await fixture.queries.active(id: id)?.status == (paused ? .paused : .running))
            }
            let kinds = try await fixture.queries.events(of: id, limit: 10).items.map(\.kind)
            #expect(kinds == ["resumed", "paused", "started"])
            #expect(try await fixture.number("SELECT revision FROM tenure.shards WHERE id = \(shard)") == 3)
        }
    }

    @Test("every wish is announced on the channel, for the owner to act at once")
    func notifications() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, shards: 0..<10)
            let listener = PostgresListener(
                configuration: patient(fixture.url),
                channels: ["tenure"],
                logger: Logger(label: "test")
            )
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                let events = listener.subscribe()
                group.addTask { try await listener.run() }
                var heard: [String] = []
                var expected: [String] = []
                for await event in events {
                    switch event {
                    case .notification(_, let payload, _): heard.append(payload)
                    case .lost(let error):
                        // Before it has connected there is nothing to miss; after that there is no use in waiting.
                        try #require(expected.isEmpty, "the listener lost its connection: \(error)")
                    case .connected:
                        // From now on nothing is missed.
                        let (id, shard) = try await fixture.start("BTCUSDT")
                        _ = try await fixture.desired.setPaused(symbol: "BTCUSDT", exchange: "binance", true)
                        _ = try await fixture.desired.setPaused(symbol: "BTCUSDT", exchange: "binance", true)
                        _ = try await fixture.desired.requestStop(
                            symbol: "BTCUSDT",
                            exchange: "binance",
                            reason: "x",
                            positions: .keep
                        )
                        expected = ["start \(id) \(shard)", "change \(id) \(shard)", "stop \(id) \(shard)"]
                    }
                    if heard.count == expected.count, !expected.isEmpty { break }
                }
                #expect(heard == expected)
            }
        }
    }
}
