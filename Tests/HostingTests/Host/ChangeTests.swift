import FoundationEssentials
import Postgres
import Store
import TestSupport
import Testing
import Trading

@testable import Hosting

/// What is changed of strategies that run, on a real database and the simulator.
@Suite("Changes of what runs", .timeLimit(.minutes(5)))
struct ChangeTests {
    private func applied(_ fixture: HostFixture, _ strategy: Int64, _ version: Int64) async throws {
        try await eventually("version \(version) is applied") {
            try await fixture.database.number(
                "SELECT version FROM tenure.checkpoints WHERE strategy_id = \(strategy)"
            ) == version
        }
    }

    private func puppet(_ fixture: HostFixture, _ strategy: Int64) async throws -> Puppet {
        let state = try RunState(text: try await fixture.database.checkpoint(strategy).state)
        return try JSONDecoder().decode(Puppet.self, from: Data(state.strategy.utf8))
    }

    private func kinds(_ fixture: HostFixture) async throws -> [String] {
        try await fixture.database.texts("SELECT kind FROM tenure.events ORDER BY id")
    }

    @Test("new parameters are taken over between two candles; the position and what it remembers stay")
    func applied() async throws {
        try await HostFixture.with(cues: [5: .buyOne, 8: .sellEverything]) { fixture in
            let strategy = try await fixture.run()
            try await fixture.market.advance(2)
            try await fixture.reaches(6, strategy)
            // Without a notification, too.
            try await fixture.change(strategy, to: ["warm_up": .number(3)], shard: nil)
            try await applied(fixture, strategy, 2)
            #expect(try await puppet(fixture, strategy).warmUp == 3)
            #expect(try await fixture.database.cursor(strategy) == HostFixture.time(6))
            try await fixture.runs(strategy)
            try await fixture.change(strategy, to: ["warm_up": .number(2)])
            try await fixture.change(strategy, to: ["warm_up": .number(1)])
            try await applied(fixture, strategy, 4)
            try await fixture.market.advance(3)
            try await fixture.reaches(9, strategy)
            let last = try await puppet(fixture, strategy)
            #expect(last.warmUp == 1)
            #expect(last.candles == (5...9).map(HostFixture.time))
            #expect(last.fills.count == 2)
            #expect(try await fixture.database.outcome(strategy).fills.count == 2)
            let told = try await kinds(fixture)
            #expect(told.filter { $0 == "change_applied" }.count >= 2 && !told.contains("failed"))
        }
    }

    @Test("whoever takes the strategy over applies the change, and only if it has not been")
    func elsewhere() async throws {
        try await HostFixture.with(replicas: 2) { fixture in
            let strategy = try await fixture.run()
            try await fixture.market.advance()
            try await fixture.reaches(5, strategy)
            // The owner cannot do anything about it.
            fixture.replicas[0].host.suspend()
            try await fixture.change(strategy, to: ["warm_up": .number(3)])
            try await fixture.take(by: 1)
            try await applied(fixture, strategy, 2)
            try await fixture.market.advance()
            try await fixture.reaches(6, strategy)
            fixture.replicas[0].host.resume()
            try await fixture.take(by: 0)
            try await fixture.runs(strategy)
            try await fixture.market.advance()
            try await fixture.reaches(7, strategy)
            #expect(try await puppet(fixture, strategy).candles == (5...7).map(HostFixture.time))
            #expect(try await kinds(fixture).filter { $0 == "change_applied" }.count == 1)
        }
    }

    @Test(
        "parameters that the mode does not take leave the old ones running, and people are told until others are given"
    )
    func refused() async throws {
        try await HostFixture.with { fixture in
            let strategy = try await fixture.run(config: .object(["warm_up": .number(1)]))
            try await fixture.change(strategy, to: ["warm_up": .number(3), "stubborn": .bool(true)])
            func lastError() async throws -> String? {
                try await fixture.database.texts("SELECT coalesce(last_error, '') FROM tenure.strategies").first
            }
            try await eventually("people are told") {
                try await lastError()?.hasPrefix(RefusedChange.beginning) == true
            }
            try await fixture.market.advance()
            try await fixture.reaches(5, strategy)
            #expect(try await puppet(fixture, strategy).warmUp == 1)
            #expect(try await kinds(fixture).contains("change_refused"))
            try await fixture.runs(strategy)
            try await fixture.change(strategy, to: ["warm_up": .number(2)])
            try await applied(fixture, strategy, 3)
            #expect(try await lastError() == "")
            #expect(try await puppet(fixture, strategy).warmUp == 2)
        }
    }

    @Test("new limits hold from the next decision on")
    func limits() async throws {
        try await HostFixture.with(cues: [6: .buyOne, 8: .buyOne]) { fixture in
            let strategy = try await fixture.run()
            let desired = DesiredStateRepository(database: fixture.database.pool)
            for (version, limits) in [(1, RiskLimits(orderValue: "50")), (2, RiskLimits(orderValue: "500"))] {
                let order = ChangeOrder(
                    id: strategy,
                    version: Int64(version),
                    config: .object([:]),
                    limits: limits,
                    differences: .object([:])
                )
                #expect(try await desired.change(order) == .changed(version: Int64(version + 1)))
                fixture.replicas[0].host.refresh(shard: 0)
                try await applied(fixture, strategy, Int64(version + 1))
                try await fixture.market.advance(2)
                try await fixture.reaches(4 + version * 2, strategy)
            }
            try await fixture.market.advance(1)
            let orders = try await fixture.database.texts("SELECT status FROM tenure.orders ORDER BY decided_on_ms")
            #expect(orders.first == "rejected" && orders.count == 2 && orders.last != "rejected", "\(orders)")
        }
    }

    // MARK: Closing the position

    private func closed(_ fixture: HostFixture, _ strategy: Int64, _ number: Int64 = 1) async throws {
        try await eventually("the position is closed") {
            try await fixture.database.number(
                "SELECT closed FROM tenure.checkpoints WHERE strategy_id = \(strategy)"
            ) == number
        }
    }

    private func held(_ fixture: HostFixture) async throws -> Int64? {
        try await fixture.database.number("SELECT position_e8 FROM tenure.checkpoints")
    }

    @Test("a position on paper is closed at the last price, and the strategy goes on")
    func closeOnPaper() async throws {
        try await HostFixture.with(cues: [5: .buyOne, 9: .buyOne]) { fixture in
            let strategy = try await fixture.run()
            try await fixture.market.advance(2)
            try await eventually("it is bought") { try await held(fixture) == 100_000_000 }
            #expect(try await fixture.close() == .requested(id: strategy))
            try await closed(fixture, strategy)
            #expect(try await held(fixture) == 0)
            #expect(try await puppet(fixture, strategy).fills.count == 2)
            #expect(try await fixture.close() == .nothingHeld)
            try await fixture.market.advance(4)
            try await fixture.reaches(10, strategy)
            // It has bought again.
            #expect(try await held(fixture) == 100_000_000)
            let orders = try await fixture.database.texts(
                "SELECT concat_ws(' ', side, status, reason) FROM tenure.orders ORDER BY decided_on_ms"
            )
            #expect(orders == ["buy filled cue", "sell filled the news", "buy filled cue"])
            #expect(try await kinds(fixture).filter { $0 == "position_closed" }.count == 1)
            try await fixture.runs(strategy)
        }
    }

    @Test("live, what is held is sold once, however often that is wanted and whoever has to do it")
    func closeLive() async throws {
        try await HostFixture.with(cues: [5: .buyOne], replicas: 2, trades: true) { fixture in
            let strategy = try await fixture.run(execution: .live)
            try await fixture.market.advance()
            try await eventually("it is bought") { try await held(fixture) ?? 0 > 0 }
            // The sale is accepted, but its answer does not come before its owner is gone.
            try await fixture.market.faults(#""order_after":"hold","drop_reports":10"#)
            for _ in 0..<2 { #expect(try await fixture.close(pauses: true) == .requested(id: strategy)) }
            try await eventually("the sale is accepted") {
                try await fixture.market.received().last?.side == "SELL"
            }
            try await fixture.take(by: 1)
            try await fixture.market.release()
            try await closed(fixture, strategy)
            #expect(try await held(fixture) == 0)
            let sales = try await fixture.market.received().filter { $0.side == "SELL" && $0.verdict == "accepted" }
            #expect(sales.count == 1, "\(sales)")
            #expect(try await fixture.close(by: 1) == .nothingHeld)
            try await eventually("it goes on, paused") { try await fixture.database.status(strategy) == "paused" }
            try await fixture.market.advance()
            try await fixture.reaches(6, strategy)
        }
    }

    @Test("what is to be closed waits while trading is halted", arguments: Execution.allCases)
    func halted(execution: Execution) async throws {
        try await HostFixture.with(cues: [5: .buyOne], trades: execution == .live) { fixture in
            let strategy = try await fixture.run(execution: execution)
            try await fixture.market.advance()
            try await fixture.reaches(5, strategy)
            // On paper the next candle fills it; a live order would be too old by then.
            if execution == .live { try await eventually("it is bought") { try await held(fixture) ?? 0 > 0 } }
            try await fixture.market.advance()
            try await fixture.reaches(6, strategy)
            #expect(try await held(fixture) ?? 0 > 0)
            let halts = HaltRepository(database: fixture.database.pool)
            _ = try await halts.halt(reason: "test", by: nil)
            #expect(try await fixture.close() == .requested(id: strategy))
            try await fixture.market.advance()
            try await fixture.reaches(7, strategy)
            #expect(try await held(fixture) ?? 0 > 0)
            _ = try await halts.lift(by: nil)
            try await fixture.market.advance()
            try await closed(fixture, strategy)
            #expect(try await held(fixture) == 0)
        }
    }
}
