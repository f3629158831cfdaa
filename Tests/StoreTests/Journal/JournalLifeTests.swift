import Postgres
import Store
import TestSupport
import Testing
import Trading

@Suite("The life of a strategy in the journal", .serialized, .timeLimit(.minutes(5)))
struct JournalLifeTests {
    // MARK: Begin

    @Test("the first checkpoint counts: who begins again goes on from what is there")
    func begin() async throws {
        try await JournalFixture.with { fixture in
            _ = try await fixture.journal.commit([fixture.step(candle: 3)])
            let found = try #require(try await fixture.journal.begin(fixture.step(candle: 9)))
            #expect(found.candles == 3)
            #expect(found.cursor == JournalFixture.start + 900_000)
            #expect(found.state == #"{"candle":3}"#)
            #expect(try await fixture.text("SELECT state FROM tenure.checkpoints") == #"{"candle":3}"#)
        }
    }

    @Test("nobody begins under a token that does not hold, or a strategy that is gone")
    func beginGuarded() async throws {
        try await JournalFixture.with { fixture in
            try await fixture.pool.query("DELETE FROM tenure.checkpoints")
            #expect(try await fixture.journal.begin(fixture.step(candle: 0, owner: 2)) == nil)
            #expect(try await fixture.journal.begin(fixture.step(candle: 0, epoch: 2)) == nil)
            #expect(try await fixture.journal.begin(fixture.step(candle: 0, shard: 7)) == nil)
            try await fixture.pool.query("DELETE FROM tenure.strategies")
            #expect(try await fixture.journal.begin(fixture.step(candle: 0)) == nil)
            #expect(try await fixture.contents().isEmpty)
        }
    }

    // MARK: Running and failing

    @Test("a strategy that runs or fails is told of once, and only by its owner")
    func phases() async throws {
        try await JournalFixture.with { fixture in
            let (id, shard) = fixture.strategies[0]
            let journal = fixture.journal
            try await journal.markRunning(id, shard: shard, owner: 2, epoch: 1)
            try await journal.fail(id, shard: shard, owner: 1, epoch: 2, error: "no")
            #expect(try await fixture.text("SELECT phase FROM tenure.strategies") == "starting")

            try await journal.markRunning(id, shard: shard, owner: 1, epoch: 1)
            #expect(try await fixture.text("SELECT phase FROM tenure.strategies") == "running")
            for _ in 0..<2 {
                try await journal.fail(id, shard: shard, owner: 1, epoch: 1, error: "too \"bad\"\0\n")
            }
            let failed = try await fixture.text("SELECT phase || ': ' || last_error FROM tenure.strategies")
            #expect(failed == "failed: too \"bad\"\n")
            let events = try await fixture.text(
                "SELECT string_agg(kind || ' ' || (details->>'error'), ',') FROM tenure.events"
            )
            #expect(events == "failed too \"bad\"\n")
            // What has failed does not run again by itself.
            try await journal.markRunning(id, shard: shard, owner: 1, epoch: 1)
            #expect(try await fixture.text("SELECT phase FROM tenure.strategies") == "failed")
        }
    }

    // MARK: Finish

    @Test("a finished strategy is in the history, exactly once, with what it earned")
    func finish() async throws {
        try await JournalFixture.with { fixture in
            let (id, shard) = fixture.strategies[0]
            // Restored twice: epoch 3.
            try await fixture.pool.query("UPDATE tenure.shards SET epoch = 3 WHERE id = \(Int32(shard))")
            for step in fixture.buying(epoch: 3) { _ = try await fixture.journal.commit([step]) }
            let finishing = (0..<3).map { _ in
                Task { try await fixture.journal.finish(id, shard: shard, owner: 1, epoch: 3, reason: "user_stopped") }
            }
            var answers: [Bool] = []
            for task in finishing { answers.append(try await task.value) }
            #expect(answers.count { $0 } == 1)
            let record = try await fixture.text(
                """
                SELECT concat_ws(' ', strategy_id = \(id), symbol, strategy_type, exchange, interval, execution, reason,
                    pnl, fees, trades_count, position, candles, restores, extract(epoch FROM last_candle)::bigint)
                FROM tenure.strategy_history
                """
            )
            #expect(
                record == "t COIN0 scalp binance 5m paper user_stopped -42.00000000 42.00000000 1 0.50000000 2 2 "
                    + "1744432200"
            )
            #expect(try await fixture.base.number("SELECT count(*) FROM tenure.strategy_history") == 1)
            #expect(try await fixture.base.number("SELECT count(*) FROM tenure.active_strategies") == 0)
            #expect(try await fixture.base.number("SELECT count(*) FROM tenure.checkpoints") == 0)
            #expect(try await fixture.base.number("SELECT count(*) FROM tenure.orders") == 1)
            #expect(try await fixture.base.number("SELECT count(*) FROM tenure.fills") == 1)
            #expect(try await fixture.base.number("SELECT count(*) FROM tenure.events WHERE kind = 'stopped'") == 1)
            #expect(try await fixture.base.wrongCounts() == 0)
            // A step that was still under way when it was stopped.
            #expect(try await fixture.journal.committed([fixture.step(candle: 9, epoch: 3)]).isEmpty)
        }
    }

    @Test("orders that were still intended are canceled when their strategy is finished; the others stay as they are")
    func intendedOrders() async throws {
        try await JournalFixture.with(strategies: 2) { fixture in
            for step in fixture.buying() { _ = try await fixture.journal.commit([step]) }
            _ = try await fixture.journal.commit([fixture.step(candle: 5, orders: [fixture.order(candle: 5)])])
            _ = try await fixture.journal.commit([fixture.step(1, candle: 1, orders: [fixture.order(1, candle: 1)])])
            let (id, shard) = fixture.strategies[0]
            // The position was bought at candle 2; the checkpoint of candle 5 above is without it, which is no matter here.
            #expect(try await fixture.journal.finish(id, shard: shard, owner: 1, epoch: 1, reason: "test"))
            let orders = try await fixture.text(
                """
                SELECT string_agg(concat_ws(' ', symbol, status, status_reason), ', ' ORDER BY symbol, decided_on_ms)
                FROM tenure.orders
                """
            )
            #expect(orders == "COIN0 filled, COIN0 canceled the strategy was stopped, COIN1 intended")
        }
    }

    @Test("nobody finishes what he does not own")
    func finishGuarded() async throws {
        try await JournalFixture.with { fixture in
            let (id, shard) = fixture.strategies[0]
            for (owner, epoch, shard) in [(2, 1, shard), (1, 2, shard), (1, 1, 9)] as [(Int64, Int64, Int)] {
                let isFinished = try await fixture.journal.finish(
                    id,
                    shard: shard,
                    owner: owner,
                    epoch: epoch,
                    reason: "test"
                )
                #expect(!isFinished)
            }
            #expect(try await fixture.base.number("SELECT count(*) FROM tenure.active_strategies") == 1)
            #expect(try await fixture.base.number("SELECT count(*) FROM tenure.strategy_history") == 0)
        }
    }

    // MARK: Loading

    @Test("loading finds what is owned at these epochs, those with a position first, and says why it was taken")
    func load() async throws {
        try await JournalFixture.with(strategies: 5) { fixture in
            for step in fixture.buying(2) { _ = try await fixture.journal.commit([step]) }
            try await fixture.claim(1)
            try await fixture.pool.query(
                """
                INSERT INTO tenure.ownership (shard, epoch, owner, owner_name, reason) VALUES (0, 1, 1, 'r', 'crash'),
                    (1, 2, 2, 'r', 'crash'), (2, 1, 1, 'r', 'handover')
                """
            )
            _ = try await fixture.base.desired.requestStop(
                symbol: "COIN3",
                exchange: "binance",
                reason: "enough",
                positions: .close
            )
            // Shard 1 belongs to another replica, shard 4 is asked for at an epoch that has passed.
            let loaded = try await fixture.journal.load([(0, 1), (1, 2), (2, 1), (3, 1), (4, 0), (900, 1)], owner: 1)
            #expect(loaded.unreadable.isEmpty)
            let (first, second, third) = (loaded.strategies[0], loaded.strategies[1], loaded.strategies[2])
            #expect(loaded.strategies.map(\.shard) == [2, 0, 3])
            #expect(loaded.strategies.map(\.taken) == ["handover", "crash", nil])
            #expect(first.checkpoint?.state == #"{"candle":2}"#)
            #expect(second.symbol == "COIN0" && second.mode == "scalp" && second.interval == .fiveMinutes)
            #expect(second.stop == nil)
            #expect(third.stop?.reason == "enough" && third.stop?.closesPosition == true)
        }
    }

    @Test("the markets of some shards are those in which something active trades that can run, each once")
    func markets() async throws {
        try await JournalFixture.with(strategies: 5) { fixture in
            try await fixture.pool.query("UPDATE tenure.strategies SET phase = 'failed' WHERE shard = 1")
            try await fixture.pool.query("UPDATE tenure.strategies SET shard = 0 WHERE shard = 2")
            let markets = try await fixture.journal.markets(of: [0, 1, 4, 900])
            #expect(markets.map(\.symbol).sorted { $0.name < $1.name } == ["COIN0", "COIN2", "COIN4"])
            #expect(markets.allSatisfy { $0.exchange == "binance" && $0.interval == .fiveMinutes })
        }
    }

    @Test("a strategy that this version cannot read does not keep the others from running")
    func unreadable() async throws {
        try await JournalFixture.with(strategies: 3) { fixture in
            try await fixture.pool.query("UPDATE tenure.strategies SET interval = '7m' WHERE symbol = 'COIN1'")
            try await fixture.pool.query(
                "UPDATE tenure.strategies SET stop_reason = 'no', stop_requested_at = now() WHERE symbol = 'COIN1'"
            )
            let loaded = try await fixture.journal.load([(0, 1), (1, 1), (2, 1)], owner: 1)
            #expect(loaded.strategies.map(\.symbol) == ["COIN0", "COIN2"])
            let one = try #require(loaded.unreadable.first)
            #expect(one.symbol == "COIN1" && one.shard == 1 && !one.isFailed && one.stop?.reason == "no")
            #expect(one.reason.contains("upgrade this replica"))
        }
    }
}
