import Postgres
import Store
import TestSupport
import Testing
import Trading

@Suite("Committing steps", .serialized, .timeLimit(.minutes(5)))
struct JournalCommitTests {
    @Test("writes the checkpoint, what was decided, and what was booked")
    func writes() async throws {
        try await JournalFixture.with { fixture in
            let id = fixture.strategies[0].id
            for step in fixture.buying() { #expect(try await fixture.journal.committed([step]) == [id]) }
            let checkpoint = try await fixture.text(
                """
                SELECT concat_ws(' ', cursor_ms, candles, state, position_e8, cost_e8, last_price_e8, pnl_e8, fees_e8,
                    trades_count) FROM tenure.checkpoints
                """
            )
            #expect(
                checkpoint == "1744432200000 2 {\"candle\":2} 50000000 4200000000000 8400050000000 "
                    + "-4200000000 4200000000 1"
            )
            let order = try await fixture.text(
                """
                SELECT concat_ws(' ', strategy_id = \(id), exchange, symbol, execution, side, effect, quantity_e8, reason,
                    status, decided_on_ms, shard, epoch, filled_quantity_e8) FROM tenure.orders
                """
            )
            #expect(order == "t binance COIN0 paper buy entry 50000000 test filled 1744431900000 0 1 50000000")
            let fill = try await fixture.text(
                """
                SELECT concat_ws(' ', f.exchange, f.symbol, f.trade_id = 'paper-' || o.client_order_id, f.side,
                    f.price_e8, f.quantity_e8, f.fee_e8, f.time_ms)
                FROM tenure.fills f JOIN tenure.orders o USING (client_order_id)
                """
            )
            #expect(fill == "binance COIN0 t buy 8400000000000 50000000 4200000000 1744432200000")
        }
    }

    @Test(
        "writes nothing at all under a token that does not hold",
        arguments: [(2, 1, 0), (1, 2, 0), (1, 0, 0), (1, 1, 5), (2, 2, 0)] as [(Int64, Int64, Int)]
    )
    func guarded(owner: Int64, epoch: Int64, shard: Int) async throws {
        try await JournalFixture.with { fixture in
            let before = try await fixture.contents()
            let order = fixture.order(candle: 1)
            // Shard 5 is owned by somebody else.
            try await fixture.pool.query("UPDATE tenure.shards SET owner = 2 WHERE id = 5")
            let step = fixture.step(
                candle: 1,
                owner: owner,
                epoch: epoch,
                shard: shard,
                orders: [order],
                fills: [fixture.fill(of: order)]
            )
            #expect(try await fixture.journal.committed([step]).isEmpty)
            #expect(try await fixture.contents() == before)
        }
    }

    @Test("writes nothing after a claim, and the new owner's step does")
    func claimed() async throws {
        try await JournalFixture.with { fixture in
            let steps = fixture.buying()
            _ = try await fixture.journal.commit([steps[0]])
            let before = try await fixture.contents()
            try await fixture.claim()
            #expect(try await fixture.journal.committed([steps[1]]).isEmpty)
            #expect(try await fixture.contents() == before)
            let id = fixture.strategies[0].id
            #expect(try await fixture.journal.committed([fixture.buying(owner: 2, epoch: 2)[1]]) == [id])
            #expect(try await fixture.text("SELECT status FROM tenure.orders") == "filled")
        }
    }

    @Test("changes nothing when it is repeated, and nothing when an older step comes late")
    func repeated() async throws {
        try await JournalFixture.with { fixture in
            let id = fixture.strategies[0].id
            let steps = fixture.buying()
            for step in steps { _ = try await fixture.journal.commit([step]) }
            let after = try await fixture.contents()
            #expect(try await fixture.journal.committed([steps[1]]) == [id])
            #expect(try await fixture.contents() == after)
            #expect(try await fixture.journal.committed([steps[0]]).isEmpty)
            #expect(try await fixture.contents() == after)
        }
    }

    @Test("an order that was decided and filled in one step is written once, as filled")
    func filledAtOnce() async throws {
        try await JournalFixture.with { fixture in
            let decided = fixture.order(candle: 1)
            let filled = JournalledOrder(
                id: decided.id,
                intent: decided.intent,
                decidedOn: decided.decidedOn,
                status: .filled
            )
            var position = Position()
            position.book(fixture.fill(of: filled))
            let step = fixture.step(
                candle: 1,
                position: position,
                orders: [filled],
                fills: [fixture.fill(of: filled)]
            )
            for _ in 0..<2 {
                _ = try await fixture.journal.commit([step])
                let order = try await fixture.text(
                    "SELECT concat_ws(' ', count(*), min(status), sum(filled_quantity_e8)) FROM tenure.orders"
                )
                #expect(order == "1 filled 50000000")
                #expect(try await fixture.base.number("SELECT count(*) FROM tenure.fills") == 1)
            }
        }
    }

    @Test("of many strategies, exactly those that are still owned are written")
    func partlyLost() async throws {
        try await JournalFixture.with(strategies: 300) { fixture in
            try await fixture.pool.query("UPDATE tenure.shards SET owner = 2, epoch = 2 WHERE id % 3 = 0 AND id < 300")
            // Not in the order of the shards.
            let steps = fixture.strategies.indices.shuffled().map { index in
                fixture.step(index, candle: 1, orders: [fixture.order(index, candle: 1)])
            }
            let kept = Set(fixture.strategies.filter { $0.shard % 3 != 0 }.map(\.id))
            #expect(try await fixture.journal.committed(steps) == kept)
            let decided = try await fixture.pool.query("SELECT strategy_id FROM tenure.orders")
            #expect(Set(try decided.map { try $0.decode(Int64.self) }) == kept)
            let moved = try await fixture.pool.query("SELECT strategy_id FROM tenure.checkpoints WHERE candles = 1")
            #expect(Set(try moved.map { try $0.decode(Int64.self) }) == kept)
        }
    }

    @Test("waits for a claim that is being committed, and then writes nothing; or everything, if the claim is undone")
    func waitsForClaim() async throws {
        for claims in [true, false] {
            try await JournalFixture.with { fixture in
                let before = try await fixture.contents()
                let step = fixture.buying()[0]
                try await fixture.pool.withConnection { claimant in
                    try await claimant.query("BEGIN")
                    try await claimant.query("UPDATE tenure.shards SET owner = 2, epoch = 2 WHERE id = 0")
                    async let answer = fixture.journal.committed([step])
                    try await lockWaiters(1, seenBy: claimant)
                    try await claimant.query(claims ? "COMMIT" : "ROLLBACK")
                    #expect(try await answer == (claims ? [] : [fixture.strategies[0].id]))
                }
                #expect(try await (fixture.contents() == before) == claims)
            }
        }
    }

    @Test("never meets in a deadlock those who lock shards in order")
    func lockOrder() async throws {
        try await JournalFixture.with(strategies: 60) { fixture in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for candle in 1...80 {
                        let steps = fixture.strategies.indices.shuffled().map { fixture.step($0, candle: candle) }
                        _ = try await fixture.journal.commit(steps)
                    }
                }
                group.addTask {
                    for _ in 1...80 {
                        try await fixture.pool.query(
                            """
                            WITH locked AS (SELECT id FROM tenure.shards WHERE id < 60 ORDER BY id FOR UPDATE)
                            UPDATE tenure.shards s SET revision = s.revision + 1 FROM locked WHERE s.id = locked.id
                            """
                        )
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(
        "an amount that cannot be stored is an error that says so, and nothing is written",
        arguments: ["quantity", "price", "last price", "position"]
    )
    func outOfRange(what: String) async throws {
        try await JournalFixture.with(strategies: 2) { fixture in
            let before = try await fixture.contents()
            let large: FixedDecimal = "92233720368.54775808"
            let order = fixture.order(candle: 1, quantity: what == "quantity" ? large : "1")
            var fill = fixture.fill(of: order)
            if what == "price" {
                fill = Fill(
                    orderID: fill.orderID,
                    tradeID: fill.tradeID,
                    side: .buy,
                    price: large,
                    quantity: "1",
                    fee: "0",
                    time: fill.time
                )
            }
            var position = Position()
            if what == "position" {
                position.book(
                    Fill(orderID: "o", tradeID: "t", side: .buy, price: "1", quantity: large, fee: "0", time: fill.time)
                )
            }
            var step = fixture.step(candle: 1, position: position, orders: [order], fills: [fill])
            if what == "last price" {
                let checkpoint = Checkpoint(
                    cursor: step.checkpoint.cursor,
                    candles: 1,
                    state: "{}",
                    position: position,
                    lastPrice: large
                )
                step = Step(strategyID: step.strategyID, shard: 0, owner: 1, epoch: 1, checkpoint: checkpoint)
            }
            let other = fixture.step(1, candle: 1)
            let error = try await #require(throws: StoreError.self) { try await fixture.journal.commit([other, step]) }
            #expect(error.code == .outOfRange)
            #expect(error.message.contains("92233720368.54775808"))
            #expect(try await fixture.contents() == before)
        }
    }

    @Test("updates checkpoints in place, without touching an index")
    func hotUpdates() async throws {
        try await JournalFixture.withPrivateServer(strategies: 20) { fixture in
            for candle in 1...200 {
                let steps = fixture.strategies.indices.map { index in
                    let step = fixture.step(index, candle: candle)
                    // A state of usual size, and as irregular as numbers are.
                    let state = (0..<60).map { "\"\(($0 + candle) * 7_919 % 100_003).\(candle)\"" }.joined(
                        separator: ","
                    )
                    return Step(
                        strategyID: step.strategyID,
                        shard: step.shard,
                        owner: 1,
                        epoch: 1,
                        checkpoint: Checkpoint(
                            cursor: step.checkpoint.cursor,
                            candles: candle,
                            state: "[\(state)]",
                            position: Position(),
                            lastPrice: "1"
                        )
                    )
                }
                #expect(try await fixture.journal.committed(steps).count == 20)
            }
            var updates: (all: Int64, inPlace: Int64) = (0, 0)
            try await eventually(within: .seconds(30), "the statistics are there") {
                try await fixture.pool.query("SELECT pg_stat_force_next_flush()")
                updates = try await fixture.pool.query(
                    "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'checkpoints'"
                )[0].decode(Int64.self, Int64.self)
                return updates.all >= 4_000
            }
            #expect(Double(updates.inPlace) >= 0.95 * Double(updates.all), "\(updates)")
        }
    }
}
