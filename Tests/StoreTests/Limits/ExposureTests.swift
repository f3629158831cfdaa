import Postgres
import Store
import TestSupport
import Testing
import Trading

@Suite("What all strategies together may hold", .timeLimit(.minutes(5)))
struct ExposureTests {
    private func step(
        _ fixture: JournalFixture,
        _ index: Int,
        candle: Int,
        exposure: FixedDecimal,
        effect: OrderIntent.Effect?
    ) -> Step {
        let base = fixture.step(index, candle: candle)
        let checkpoint = Checkpoint(
            cursor: base.checkpoint.cursor,
            candles: candle,
            state: "{}",
            position: Position(),
            lastPrice: "1",
            exposure: exposure
        )
        let order = effect.map { effect in
            JournalledOrder(
                id: "order-\(index)-\(candle)",
                intent: OrderIntent(
                    side: effect == .entry ? .buy : .sell,
                    effect: effect,
                    quantity: "1",
                    reason: "test"
                ),
                decidedOn: base.checkpoint.cursor
            )
        }
        return Step(
            strategyID: base.strategyID,
            shard: base.shard,
            owner: base.owner,
            epoch: base.epoch,
            checkpoint: checkpoint,
            orders: order.map { [$0] } ?? []
        )
    }

    private func used(_ fixture: JournalFixture) async throws -> FixedDecimal? {
        let all = try await LimitRepository(database: fixture.pool).exposure()
        let sum = try await fixture.text("SELECT sum(exposure_e8)::bigint::text FROM tenure.checkpoints")
        let used = all.first { $0.execution == .paper }?.used
        #expect(used.map { "\($0.raw)" } == sum, "the counter is what it counts")
        return used
    }

    @Test("entries that fit are taken, those that do not are refused, exits are not, and what is freed can be used")
    func limit() async throws {
        try await JournalFixture.with(strategies: 4) { fixture in
            let limits = LimitRepository(database: fixture.pool)
            let ids = fixture.strategies.map(\.id)
            // Without a limit, anything goes; what is there when it is set counts.
            let first = try await fixture.journal.commit([step(fixture, 0, candle: 1, exposure: "60", effect: .entry)])
            #expect(first.committed == [ids[0]])
            try await limits.limitExposure(.paper, to: "100", by: "ann")
            #expect(try await used(fixture) == "60")
            // Those of live trading are others.
            try await limits.limitExposure(.live, to: "1", by: nil)
            let answer = try await fixture.journal.commit([
                step(fixture, 1, candle: 1, exposure: "30", effect: .entry),
                step(fixture, 2, candle: 1, exposure: "10.00000001", effect: .entry),
                step(fixture, 3, candle: 1, exposure: .zero, effect: nil),
            ])
            let expected = CommitAnswer(
                committed: [ids[1], ids[3]],
                refused: [ids[2]: .exposure],
                intended: [ids[1]: ["order-1-1"]]
            )
            #expect(answer == expected)
            #expect(try await used(fixture) == "90")
            // At the limit is within it; and the same commit once more changes nothing.
            for _ in 0..<2 {
                let full = try await fixture.journal.committed([
                    step(fixture, 2, candle: 1, exposure: "10", effect: .entry)
                ])
                #expect(full == [ids[2]])
                #expect(try await used(fixture) == "100")
            }
            let exit = try await fixture.journal.committed([step(fixture, 0, candle: 2, exposure: "55", effect: .exit)])
            #expect(exit == [ids[0]])
            let freed = try await fixture.journal.committed([step(fixture, 3, candle: 2, exposure: "5", effect: .entry)]
            )
            #expect(freed == [ids[3]])
            // A lower limit takes nothing away, but nothing is added.
            try await limits.limitExposure(.paper, to: "20", by: nil)
            let beyond = try await fixture.journal.commit([step(fixture, 3, candle: 3, exposure: "6", effect: .entry)])
            #expect(beyond.refused == [ids[3]: .exposure])
            // What a stopped strategy keeps is nobody's any more.
            let (id, shard) = fixture.strategies[0]
            #expect(try await fixture.journal.finish(id, shard: shard, owner: 1, epoch: 1, reason: "test"))
            #expect(try await used(fixture) == "45")
            try await limits.limitExposure(.paper, to: nil, by: nil)
            let free = try await fixture.journal.committed([
                step(fixture, 3, candle: 3, exposure: "600", effect: .entry)
            ])
            #expect(free == [ids[3]])
            #expect(try await used(fixture) == "640")
            let told = try await fixture.pool.query(
                """
                SELECT concat_ws(' ', details ->> 'execution', details ->> 'from', details ->> 'to', details ->> 'by')
                FROM tenure.events WHERE kind = 'limit_set' ORDER BY id
                """
            ).map { try $0.decode(String.self) }
            #expect(told == ["paper 100 ann", "live 1", "paper 100 20", "paper 20"])
        }
    }

    @Test("commits at the same time never hold more together than they may, whenever the limit is set")
    func race() async throws {
        try await JournalFixture.with(strategies: 8) { fixture in
            let limits = LimitRepository(database: fixture.pool)
            try await limits.limitExposure(.paper, to: "12", by: nil)
            let refused = try await withThrowingTaskGroup(of: Int.self) { group in
                for index in 0..<8 {
                    group.addTask {
                        var held = 0
                        var refused = 0
                        var isLeaving = false
                        for candle in 1...30 {
                            let wanted = isLeaving ? 0 : held + 1
                            let effect: OrderIntent.Effect = isLeaving ? .exit : .entry
                            let next = step(
                                fixture,
                                index,
                                candle: candle,
                                exposure: FixedDecimal(wanted),
                                effect: effect
                            )
                            let isCommitted = try await !fixture.journal.commit([next]).committed.isEmpty
                            if isCommitted { held = wanted } else { refused += 1 }
                            isLeaving = !isCommitted || held == 4
                        }
                        return refused
                    }
                }
                group.addTask {
                    for _ in 0..<30 {
                        let sum = try await fixture.text(
                            "SELECT sum(exposure_e8)::bigint::text FROM tenure.checkpoints"
                        )
                        #expect(sum.flatMap(Int64.init).map { $0 <= 1_200_000_000 } == true, "together: \(sum ?? "")")
                        // Counted anew, in the middle of it.
                        try await limits.limitExposure(.paper, to: "12", by: nil)
                    }
                    return 0
                }
                return try await group.reduce(0, +)
            }
            #expect(refused > 0, "the limit was never reached")
            #expect(try #require(try await used(fixture)) <= FixedDecimal(12))
        }
    }
}
