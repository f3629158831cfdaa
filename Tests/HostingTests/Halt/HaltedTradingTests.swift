import Coordination
import Postgres
import Store
import TestSupport
import Testing
import Trading

@testable import Hosting

/// Halts of which these replicas are not told: the database alone keeps orders from leaving.
@Suite("Halted trading", .timeLimit(.minutes(5)))
struct HaltedTradingTests {
    private func halts(_ fixture: HostFixture) -> HaltRepository { HaltRepository(database: fixture.database.pool) }

    private func orders(_ fixture: HostFixture) async throws -> [String] {
        try await fixture.database.texts(
            "SELECT concat_ws(' ', side, status) FROM tenure.orders ORDER BY decided_on_ms, created_at"
        )
    }

    @Test("neither entries nor exits leave, the strategy is told why and goes on, and trades again once it is lifted")
    func live() async throws {
        let cues: [Int: Puppet.Cue] = [5: .buyOne, 6: .buyOne, 7: .sellEverything, 9: .sellEverything]
        try await HostFixture.with(cues: cues, trades: true) { fixture in
            let strategy = try await fixture.run(execution: .live)
            try await fixture.market.advance()
            try await fixture.reaches(5, strategy)
            try await eventually("it is bought") { try await orders(fixture) == ["buy filled"] }
            _ = try await halts(fixture).halt(reason: "test", by: nil)
            try await fixture.market.advance(3)
            try await fixture.reaches(8, strategy)
            #expect(try await orders(fixture) == ["buy filled", "buy rejected", "sell rejected"])
            #expect(try await fixture.market.received().count == 1)
            let state = try await fixture.database.texts("SELECT state FROM tenure.checkpoints")
            #expect(state[0].contains("halted: no orders leave"))
            _ = try await halts(fixture).lift(by: nil)
            try await fixture.market.advance()
            try await fixture.reaches(9, strategy)
            try await eventually("it is sold") { try await orders(fixture).last == "sell filled" }
            #expect(try await fixture.market.received().map(\.side) == ["BUY", "SELL"])
        }
    }

    @Test("paper orders do not leave either; what had left is filled")
    func paper() async throws {
        try await HostFixture.with(cues: [5: .buyOne, 6: .buyOne, 7: .sellEverything]) { fixture in
            let strategy = try await fixture.run()
            try await fixture.market.advance()
            try await fixture.reaches(5, strategy)
            _ = try await halts(fixture).halt(reason: "test", by: nil)
            try await fixture.market.advance(3)
            try await fixture.reaches(8, strategy)
            #expect(try await orders(fixture) == ["buy filled", "buy rejected", "sell rejected"])
        }
    }

    @Test("a position that is to be closed stays as it is until the halt is lifted", arguments: Execution.allCases)
    func closing(_ execution: Execution) async throws {
        try await HostFixture.with(cues: [5: .buyOne], trades: true) { fixture in
            let strategy = try await fixture.run(execution: execution)
            try await fixture.market.advance()
            try await fixture.reaches(5, strategy)
            // On paper the next candle fills it; a live order would be too old by then.
            if execution == .live {
                try await eventually("it is bought") { try await orders(fixture) == ["buy filled"] }
            }
            try await fixture.market.advance()
            try await fixture.reaches(6, strategy)
            #expect(try await orders(fixture) == ["buy filled"])
            _ = try await halts(fixture).halt(reason: "test", by: nil)
            try await fixture.stop(positions: .close)
            try await eventually("it has tried") { fixture.replicas[0].executor.count("tenure.halt") > 3 }
            #expect(try await fixture.database.status(strategy) == "stopping")
            #expect(try await orders(fixture) == ["buy filled"])
            // Also when everything is handed over meanwhile: nobody waits for it.
            let tokens = await fixture.replicas[0].host.settle([FencingToken(shard: 0, owner: 1, epoch: 1)])
            try await fixture.take()
            #expect(tokens.count == 1)
            _ = try await halts(fixture).lift(by: nil)
            try await fixture.ends(strategy)
            #expect(try await orders(fixture) == ["buy filled", "sell filled"])
            #expect(try await fixture.market.received().count == (execution == .live ? 2 : 0))
        }
    }
}
