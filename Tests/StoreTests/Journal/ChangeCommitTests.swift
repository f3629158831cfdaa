import Postgres
import Store
import TestSupport
import Testing
import Trading

@Suite("Committing changes", .timeLimit(.minutes(5)))
struct ChangeCommitTests {
    /// At the first candle, after so many reports.
    private func step(_ fixture: JournalFixture, reports: Int, version: Int64, closed: Int64 = 0, owner: Int64 = 1)
        -> Step
    {
        let strategy = fixture.strategies[0]
        var step = Step(
            strategyID: strategy.id,
            shard: strategy.shard,
            owner: owner,
            epoch: 1,
            checkpoint: Checkpoint(
                cursor: JournalFixture.start + 300_000,
                candles: 1,
                state: "version \(version)",
                position: Position(),
                lastPrice: "84000.5",
                reports: reports,
                version: version,
                closed: closed
            )
        )
        step.announces = true
        return step
    }

    @Test("the version and the closed wishes stand with the state, and are told once; an older step undoes neither")
    func announced() async throws {
        try await JournalFixture.with { fixture in
            let id = fixture.strategies[0].id
            try await fixture.pool.query(
                "UPDATE tenure.strategies SET version = 2, closing = 1, closing_reason = 'the news'"
            )
            let applied = step(fixture, reports: 1, version: 2)
            for _ in 0..<2 { #expect(try await fixture.journal.committed([applied]) == [id]) }
            let closed = step(fixture, reports: 2, version: 2, closed: 1)
            for _ in 0..<2 { #expect(try await fixture.journal.committed([closed]) == [id]) }
            #expect(try await fixture.journal.committed([step(fixture, reports: 0, version: 1)]).isEmpty)
            #expect(try await fixture.journal.committed([step(fixture, reports: 3, version: 3, owner: 2)]).isEmpty)
            let told = try await fixture.pool.query(
                "SELECT concat_ws(' ', kind, details ->> 'version', details ->> 'reason') FROM tenure.events ORDER BY id"
            ).map { try $0.decode(String.self) }
            #expect(told == ["change_applied 2", "position_closed the news"])
            let loaded = try await fixture.journal.load([(fixture.strategies[0].shard, 1)], owner: 1).strategies
            let strategy = try #require(loaded.first)
            #expect(strategy.version == 2)
            #expect(strategy.closing?.number == 1 && strategy.closing?.reason == "the news")
            #expect(strategy.checkpoint?.version == 2 && strategy.checkpoint?.closed == 1)
            #expect(strategy.checkpoint?.state == "version 2")
        }
    }
}
