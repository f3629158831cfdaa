import FoundationEssentials
import Postgres
import Store
import TestSupport
import Testing
import Trading

@Suite("Changing a strategy that runs", .timeLimit(.minutes(5)))
struct ChangeTests {
    private func order(_ id: Int64, from version: Int64 = 1, _ value: Int = 5) -> ChangeOrder {
        ChangeOrder(
            id: id,
            version: version,
            config: .object(["fast": .number(.init(value))]),
            limits: RiskLimits(dailyLoss: "200"),
            differences: .object(["config": .object(["fast": .object(["from": .null, "to": .number(.init(value))])])]),
            by: "alice"
        )
    }

    @Test("a change is the next version, counted on the shard and told as an event")
    func change() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, shards: 0..<10)
            let (id, shard) = try await fixture.start("BTCUSDT")
            let revision = try await fixture.number("SELECT revision FROM tenure.shards WHERE id = \(Int32(shard))")
            #expect(try await fixture.queries.active(id: id)?.version == 1)
            #expect(try await fixture.queries.active(id: id)?.appliedVersion == 0)
            #expect(try await fixture.desired.change(order(id)) == .changed(version: 2))
            let changed = try #require(try await fixture.queries.active(id: id))
            #expect(changed.version == 2)
            #expect(try JSONValue(text: changed.config) == .object(["fast": .number(5)]))
            #expect(try JSONValue(text: changed.limits) == .object(["daily_loss": .string("200")]))
            let after = try await fixture.number("SELECT revision FROM tenure.shards WHERE id = \(Int32(shard))")
            #expect(after == revision + 1)
            let event = try #require(try await fixture.queries.events(of: id, limit: 1).items.first)
            #expect(event.kind == "changed")
            let details = try JSONValue(text: event.details)
            #expect(details["by"] == .string("alice") && details["version"] == .number(2))
            #expect(details["changes"]?["config"]?["fast"]?["to"] == .number(5))
            #expect(details["changes"]?["config"]?["fast"]?["from"] == .null)
        }
    }

    @Test("of many changes that were made from one version, one is done")
    func race() async throws {
        try await DesiredStateFixture.with(connections: 8) { fixture in
            try await fixture.addReplica(1, shards: 0..<10)
            let (id, _) = try await fixture.start("BTCUSDT")
            for version in 1...5 as ClosedRange<Int64> {
                let outcomes = try await withThrowingTaskGroup(of: ChangeOutcome.self) { group in
                    for value in 0..<16 {
                        group.addTask { try await fixture.desired.change(order(id, from: version, value)) }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(outcomes.count { $0 == .changed(version: version + 1) } == 1)
                #expect(outcomes.count { $0 == .overtaken } == 15)
            }
            #expect(try await fixture.number("SELECT count(*) FROM tenure.events WHERE kind = 'changed'") == 5)
        }
    }

    @Test("what is being stopped is not changed, nor is what is not there")
    func stopping() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, shards: 0..<10)
            let (id, _) = try await fixture.start("BTCUSDT")
            _ = try await fixture.desired.requestStop(
                symbol: "BTCUSDT",
                exchange: "binance",
                reason: "enough",
                positions: .keep
            )
            #expect(try await fixture.desired.change(order(id)) == .overtaken)
            #expect(try await fixture.desired.change(order(id + 1)) == .overtaken)
            #expect(try await fixture.queries.active(id: id)?.version == 1)
        }
    }

    @Test("a wish to close the position is one until it has been carried out; then the next is another one")
    func close() async throws {
        try await JournalFixture.with { fixture in
            let id = fixture.strategies[0].id
            let desired = fixture.base.desired
            func ask(_ reason: String, pauses: Bool = false) async throws -> CloseOutcome {
                try await desired.requestClose(
                    symbol: "COIN0",
                    exchange: "binance",
                    reason: reason,
                    pauses: pauses,
                    by: "alice"
                )
            }
            try await fixture.pool.query("UPDATE tenure.strategies SET phase = 'running'")
            #expect(try await ask("nothing to sell", pauses: true) == .nothingHeld)
            #expect(try await fixture.base.queries.active(id: id)?.closing == 0)
            #expect(try await fixture.base.queries.active(id: id)?.status == .running)
            try await fixture.pool.query("UPDATE tenure.checkpoints SET position_e8 = 100000000")
            #expect(try await ask("first") == .requested(id: id))
            #expect(try await ask("second", pauses: true) == .requested(id: id))
            let asked = try #require(try await fixture.base.queries.active(id: id))
            #expect((asked.closing, asked.closed, asked.status) == (1, 0, .paused))
            let reason = try await fixture.pool.query("SELECT closing_reason FROM tenure.strategies")[0]
                .decode(String.self)
            #expect(reason == "first")
            try await fixture.pool.query("UPDATE tenure.checkpoints SET closed = 1")
            #expect(try await ask("third") == .requested(id: id))
            #expect(try await fixture.base.queries.active(id: id)?.closing == 2)
            try await fixture.pool.query("UPDATE tenure.strategies SET phase = 'failed'")
            #expect(try await ask("fourth") == .notRunning)
            let outcome = try await desired.requestClose(
                symbol: "NOTHING",
                exchange: "binance",
                reason: "none",
                pauses: false
            )
            #expect(outcome == .notFound)
        }
    }
}
