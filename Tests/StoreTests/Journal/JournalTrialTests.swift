import Postgres
import Store
import TestSupport
import Testing
import Trading

@Suite("Trials in the journal", .serialized, .timeLimit(.minutes(5)))
struct JournalTrialTests {
    private func guarded(_ fixture: JournalFixture, _ index: Int, owner: Int64 = 1, epoch: Int64 = 1) -> GuardedStrategy
    {
        let (id, shard) = fixture.strategies[index]
        return GuardedStrategy(id: id, shard: shard, owner: owner, epoch: epoch)
    }

    private func marks(_ fixture: JournalFixture) async throws -> String? {
        try await fixture.text(
            """
            SELECT string_agg(concat_ws(' ', coalesce(trial_epoch::text, '-'), coalesce(trial_width::text, '-')), ', '
                ORDER BY id) FROM tenure.strategies
            """
        )
    }

    /// The shard of the first strategy changes hands, so long ago.
    private func take(
        _ fixture: JournalFixture,
        _ epoch: Int64,
        _ reason: String,
        from previous: Int64 = 2,
        minutesAgo: Int32 = 0
    ) async throws {
        try await fixture.pool.query("UPDATE tenure.shards SET epoch = \(epoch) WHERE id = 0")
        try await fixture.pool.query(
            """
            INSERT INTO tenure.ownership (shard, epoch, owner, owner_name, previous_owner, reason, at)
            VALUES (0, \(epoch), 1, 'r', \(previous), \(reason), clock_timestamp() - \(minutesAgo) * interval '1 minute')
            """
        )
    }

    private func load(_ fixture: JournalFixture, _ epoch: Int64) async throws -> StoredStrategy {
        try #require(try await fixture.journal.load([(shard: 0, epoch: epoch)], owner: 1).strategies.first)
    }

    @Test("those that are owned are marked and unmarked, the others are not")
    func marking() async throws {
        try await JournalFixture.with(strategies: 3) { fixture in
            let mixed = [guarded(fixture, 0), guarded(fixture, 1, epoch: 2), guarded(fixture, 2, owner: 2)]
            #expect(try await fixture.journal.beginTrial(mixed) == [fixture.strategies[0].id])
            #expect(try await marks(fixture) == "1 3, - -, - -")
            try await fixture.journal.endTrial([guarded(fixture, 0, epoch: 9)])
            #expect(try await marks(fixture) == "1 3, - -, - -")
            try await fixture.journal.endTrial(mixed)
            #expect(try await marks(fixture) == "- -, - -, - -")
        }
    }

    @Test("crashes count for ten minutes; hand-overs, and what a new timeline took, never do")
    func crashes() async throws {
        try await JournalFixture.with { fixture in
            try await take(fixture, 2, "crash", minutesAgo: 11)
            try await take(fixture, 3, "crash", minutesAgo: 9)
            try await take(fixture, 4, "handover")
            try await take(fixture, 5, "crash", from: 20_000_000_001)
            try await take(fixture, 6, "crash")
            #expect(try await load(fixture, 6).recentCrashes == 2)
        }
    }

    @Test("a mark counts against a strategy if its shard was next taken from a crashed host, and only then")
    func verdicts() async throws {
        try await JournalFixture.with { fixture in
            let (id, shard) = fixture.strategies[0]
            #expect(shard == 0)
            #expect(try await load(fixture, 1).diedOnTrial == nil)
            _ = try await fixture.journal.beginTrial([guarded(fixture, 0)])
            #expect(try await load(fixture, 1).diedOnTrial == nil, "it is on trial now")
            try await take(fixture, 2, "handover")
            try await take(fixture, 3, "crash")
            #expect(try await load(fixture, 3).diedOnTrial == nil)
            _ = try await fixture.journal.beginTrial([guarded(fixture, 0, epoch: 3)])
            try await take(fixture, 4, "crash")
            #expect(try await load(fixture, 4).diedOnTrial == 1)
            try await fixture.pool.query("UPDATE tenure.strategies SET trial_width = 5")
            #expect(try await load(fixture, 4).diedOnTrial == 5)
            try await fixture.journal.endTrial([guarded(fixture, 0, epoch: 4)])
            #expect(try await load(fixture, 4).diedOnTrial == nil)
            _ = try await fixture.journal.beginTrial([guarded(fixture, 0, epoch: 4)])
            try await take(fixture, 5, "crash", from: 20_000_000_001)
            #expect(try await load(fixture, 5).diedOnTrial == nil, "a failover of the database is no crash")
            #expect(id > 0)
        }
    }

    @Test("a quarantine is told of once, only by the owner, and ends the trial; a resume has it start again, once")
    func quarantine() async throws {
        try await JournalFixture.with { fixture in
            _ = try await fixture.journal.beginTrial([guarded(fixture, 0)])
            let state: PostgresStatement =
                "SELECT concat_ws(' ', phase, coalesce(last_error, '-'), coalesce(trial_epoch, 0)) FROM tenure.strategies"
            try await fixture.journal.quarantine(guarded(fixture, 0, owner: 2), reason: "no")
            try await fixture.journal.quarantine(guarded(fixture, 0, epoch: 2), reason: "no")
            #expect(try await fixture.text(state) == "starting - 1")
            for _ in 0..<2 { try await fixture.journal.quarantine(guarded(fixture, 0), reason: "it kills") }
            #expect(try await fixture.text(state) == "quarantined it kills 0")
            #expect(
                try await fixture.text("SELECT string_agg(kind || ' ' || (details->>'reason'), ',') FROM tenure.events")
                    == "quarantined it kills"
            )
            // By itself it does not run again.
            let (id, shard) = fixture.strategies[0]
            try await fixture.journal.markRunning(id, shard: shard, owner: 1, epoch: 1)
            let desired = fixture.base.desired
            #expect(
                try await desired.setPaused(symbol: "COIN0", exchange: "binance", true)
                    == .done(id: id, shard: shard, changed: true)
            )
            #expect(try await fixture.text(state) == "quarantined it kills 0", "a pause is no resume")
            #expect(
                try await desired.setPaused(symbol: "COIN0", exchange: "binance", false)
                    == .done(id: id, shard: shard, changed: true)
            )
            #expect(try await fixture.text(state) == "starting - 0")
            #expect(
                try await desired.setPaused(symbol: "COIN0", exchange: "binance", false)
                    == .done(id: id, shard: shard, changed: false)
            )
        }
    }

    @Test("a resume of one that has failed, and was not paused, starts it and is told to its owner")
    func resumeFailed() async throws {
        try await JournalFixture.with { fixture in
            let (id, shard) = fixture.strategies[0]
            try await fixture.journal.fail(id, shard: shard, owner: 1, epoch: 1, error: "no")
            let revision = try await fixture.base.number("SELECT revision FROM tenure.shards WHERE id = 0")
            let outcome = try await fixture.base.desired.setPaused(symbol: "COIN0", exchange: "binance", false)
            #expect(outcome == .done(id: id, shard: shard, changed: true))
            #expect(try await fixture.text("SELECT phase FROM tenure.strategies") == "starting")
            #expect(try await fixture.base.number("SELECT revision FROM tenure.shards WHERE id = 0") == revision + 1)
            let events = try await fixture.text("SELECT string_agg(kind, ' ' ORDER BY id) FROM tenure.events")
            #expect(events == "failed resumed")
        }
    }

    // MARK: Loading

    @Test("those with a position or an unsettled order come first, the others by shard; shards tell their revisions")
    func loading() async throws {
        try await JournalFixture.with(strategies: 4) { fixture in
            let ids = fixture.strategies.map(\.id)
            try await fixture.pool.query(
                "UPDATE tenure.checkpoints SET position_e8 = 5 WHERE strategy_id = \(ids[3])"
            )
            for step in fixture.buying(1) { _ = try await fixture.journal.commit([step]) }
            _ = try await fixture.journal.commit([fixture.step(2, candle: 1, orders: [fixture.order(2, candle: 1)])])
            try await fixture.pool.query("UPDATE tenure.checkpoints SET position_e8 = 0 WHERE strategy_id = \(ids[1])")
            try await fixture.pool.query("UPDATE tenure.shards SET revision = id + 1")
            try await fixture.pool.query("UPDATE tenure.strategies SET shard = 5 WHERE id = \(ids[0])")
            let loaded = try await fixture.journal.load((0..<6).map { (shard: $0, epoch: 1) }, owner: 1)
            // Of the second everything is settled.
            #expect(loaded.strategies.map(\.id) == [ids[2], ids[3], ids[1], ids[0]])
            #expect(loaded.strategies.map(\.isExposed) == [true, true, false, false])
            #expect(loaded.revisions == [0: 1, 1: 2, 2: 3, 3: 4, 4: 5, 5: 6])
            let lost = try await fixture.journal.load([(shard: 0, epoch: 2), (shard: 1, epoch: 1)], owner: 1)
            #expect(lost.revisions == [1: 2])
            let changed = try await fixture.journal.changed([(0, 1), (1, 1), (2, 3), (5, -1)])
            #expect(changed.sorted() == [1, 5])
        }
    }
}
