import Postgres
import Store
import TestSupport
import Testing
import Trading

@Suite("The halt of all trading", .timeLimit(.minutes(5)))
struct HaltTests {
    @Test("the first reason holds; each change counts, is told once and forgets what was before")
    func life() async throws {
        try await JournalFixture.with { fixture in
            let halts = HaltRepository(database: fixture.pool)
            #expect(try await halts.current() == TradingHalt(number: 0, isHalted: false))
            let halted = try await halts.halt(reason: "prices are wrong", by: "ann")
            #expect(halted.number == 1 && halted.isHalted && halted.reason == "prices are wrong" && halted.by == "ann")
            #expect(halted.since != nil)
            #expect(try await halts.halt(reason: "me too", by: nil) == halted)
            #expect(try await halts.lift(by: "bob") == TradingHalt(number: 2, isHalted: false))
            #expect(try await halts.lift(by: nil) == TradingHalt(number: 2, isHalted: false))
            let events = try await fixture.pool.query(
                "SELECT concat_ws(' ', kind, details ->> 'by', details ->> 'reason') FROM tenure.events ORDER BY id"
            ).map { try $0.decode(String.self) }
            #expect(events == ["halted ann prices are wrong", "unhalted bob prices are wrong"])
        }
    }

    @Test("a step with a new order is refused, one without is taken, and so are fills and orders that the exchange has")
    func refused() async throws {
        try await JournalFixture.with(strategies: 4) { fixture in
            let halts = HaltRepository(database: fixture.pool)
            let bought = fixture.buying(0)
            #expect(try await fixture.journal.committed([bought[0]]) == [fixture.strategies[0].id])
            _ = try await halts.halt(reason: "test", by: nil)
            let found = JournalledOrder(
                id: "found",
                intent: OrderIntent(side: .buy, effect: .entry, quantity: "1", reason: "found at the exchange"),
                decidedOn: JournalFixture.start,
                status: .acknowledged
            )
            let exit = JournalledOrder(
                id: "exit",
                intent: OrderIntent(side: .sell, effect: .exit, quantity: "1", reason: "stop-loss"),
                decidedOn: JournalFixture.start
            )
            let answer = try await fixture.journal.commit([
                bought[1], fixture.step(1, candle: 1, orders: [exit]), fixture.step(2, candle: 1),
                fixture.step(3, candle: 1, orders: [found]),
            ])
            let ids = fixture.strategies.map(\.id)
            #expect(answer == CommitAnswer(committed: [ids[0], ids[2], ids[3]], refused: [ids[1]: .halted]))
            #expect(
                try await fixture.text("SELECT candles::text FROM tenure.checkpoints WHERE strategy_id = \(ids[1])")
                    == "0"
            )
            // Whose strategy is somebody else's is told that, and nothing of a halt.
            try await fixture.claim(1)
            #expect(try await fixture.journal.commit([fixture.step(1, candle: 1, orders: [exit])]) == CommitAnswer())
            _ = try await halts.lift(by: nil)
            let late = try await fixture.journal.committed([
                fixture.step(1, candle: 1, owner: 2, epoch: 2, orders: [exit])
            ])
            #expect(late == [ids[1]])
        }
    }

    @Test("a commit whose answer was lost is taken once more after a halt, but its order may not be sent")
    func repeated() async throws {
        try await JournalFixture.with { fixture in
            let strategy = GuardedStrategy(
                id: fixture.strategies[0].id,
                shard: fixture.strategies[0].shard,
                owner: 1,
                epoch: 1
            )
            let order = JournalledOrder(
                id: "order",
                intent: OrderIntent(side: .buy, effect: .entry, quantity: "1", reason: "test"),
                decidedOn: JournalFixture.start,
                signedAt: JournalFixture.start,
                receiveWindow: 5_000
            )
            let step = fixture.step(candle: 1, orders: [order])
            let first = try await fixture.journal.commit([step])
            #expect(first.committed.count == 1 && first.intended == [strategy.id: ["order"]])
            let before = try await fixture.journal.sendable([order], of: strategy)
            #expect(before.ids == ["order"] && !before.isHalted)
            _ = try await HaltRepository(database: fixture.pool).halt(reason: "test", by: nil)
            let second = try await fixture.journal.commit([step])
            #expect(second.committed.count == 1 && second.intended.isEmpty, "it was there before")
            let after = try await fixture.journal.sendable([order], of: strategy)
            #expect(after.ids == ["order"] && after.isHalted)
        }
    }

    @Test("once a halt is answered, no order is committed, however many commits were under way")
    func race() async throws {
        try await JournalFixture.with(strategies: 8) { fixture in
            let halts = HaltRepository(database: fixture.pool)
            for round in 0..<10 {
                let first = JournalFixture.start.milliseconds + Int64(round * 100) * 300_000
                let seen = try await withThrowingTaskGroup(of: String?.self) { group in
                    for index in 0..<8 {
                        group.addTask {
                            for step in 1...12 {
                                let candle = round * 100 + step
                                let order = fixture.order(index, candle: candle)
                                _ = try await fixture.journal.commit([
                                    fixture.step(index, candle: candle, orders: [order])
                                ])
                            }
                            return nil
                        }
                    }
                    group.addTask {
                        try await eventually("the commits have begun") {
                            try await fixture.text(
                                "SELECT count(*)::text FROM tenure.orders WHERE decided_on_ms > \(first)"
                            ) != "0"
                        }
                        _ = try await halts.halt(reason: "test", by: nil)
                        // Whatever comes after this is a hole.
                        return try await fixture.text("SELECT count(*)::text FROM tenure.orders")
                    }
                    return try await group.reduce(nil) { $0 ?? $1 }
                }
                #expect(try await fixture.text("SELECT count(*)::text FROM tenure.orders") == seen, "round \(round)")
                _ = try await halts.lift(by: nil)
            }
        }
    }

    @Test("a change is awaited from every replica that may still send, and from nobody else")
    func awaited() async throws {
        try await JournalFixture.with { fixture in
            let halts = HaltRepository(database: fixture.pool)
            try await fixture.pool.query("UPDATE tenure.replicas SET instance = 'process ' || id")
            let halt = try await halts.halt(reason: "test", by: nil)
            #expect(try await halts.awaited(halt.number).map(\.id) == [1, 2])
            #expect(try await halts.hear(instance: "process 1", number: nil) == halt)
            #expect(try await halts.awaited(halt.number).map(\.id) == [1, 2])
            _ = try await halts.hear(instance: "process 1", number: halt.number)
            #expect(try await halts.awaited(halt.number).map(\.id) == [2])
            try await fixture.pool.query(
                "UPDATE tenure.replicas SET lease_expires_at = clock_timestamp() - interval '1 ms' WHERE id = 2"
            )
            #expect(try await halts.awaited(halt.number).isEmpty)
        }
    }
}
