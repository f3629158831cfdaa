import Coordination
import LocalCluster
import Postgres
import Store
import TestSupport
import Testing
import Trading

@testable import Hosting

@Suite("The journal of steps", .serialized, .timeLimit(.minutes(5)))
struct StepJournalTests {
    /// A journal that is being run, on strategies that have begun, each in a shard of its own.
    private struct Fixture: Sendable {
        let database: HostingDatabase
        let executor: CountingExecutor
        let journal: StepJournal
        let strategies: [Int64]

        static func with(_ count: Int, _ body: (Fixture) async throws -> Void) async throws {
            try await HostingDatabase.with { try await with(count, on: $0, body) }
        }

        static func with(_ count: Int, on database: HostingDatabase, _ body: (Fixture) async throws -> Void)
            async throws
        {
            try await database.addReplica(1)
            try await database.addReplica(2)
            _ = try await database.claim(Array(0..<count), by: 1)
            let strategies = try await database.addStrategies(count)
            let executor = CountingExecutor(database.pool)
            let journal = StepJournal(repository: JournalRepository(executor), logger: HostingDatabase.silent)
            let fixture = Fixture(database: database, executor: executor, journal: journal, strategies: strategies)
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { try await journal.run() }
                try await body(fixture)
            }
        }

        /// Each candle decides on an order and books the fill of the one before.
        func step(_ index: Int, candle: Int, epoch: Int64 = 1, owner: ReplicaID = 1, reason: String = "test") -> Step {
            let fills = candle > 1 ? [fill(index, candle: candle - 1)] : []
            var position = Position()
            for candle in 1..<max(candle, 1) { position.book(fill(index, candle: candle)) }
            return Step(
                strategyID: strategies[index],
                shard: index,
                owner: owner,
                epoch: epoch,
                checkpoint: Checkpoint(
                    cursor: time(candle),
                    candles: candle,
                    state: "{}",
                    position: position,
                    lastPrice: "1"
                ),
                orders: candle == 0 ? [] : [order(index, candle: candle, reason: reason)],
                settlements: fills.map {
                    OrderSettlement(orderID: $0.orderID, status: .filled, filled: $0.quantity)
                },
                fills: fills
            )
        }

        private func time(_ candle: Int) -> Timestamp { Candles.start + Int64(candle) * 300_000 }

        private func order(_ index: Int, candle: Int, reason: String) -> JournalledOrder {
            JournalledOrder(
                id: ClientOrderID.derive(strategyID: strategies[index], cause: .candle(time(candle)), index: 0),
                intent: OrderIntent(side: .buy, effect: .entry, quantity: "0.1", reason: reason),
                decidedOn: time(candle)
            )
        }

        private func fill(_ index: Int, candle: Int) -> Fill {
            let id = order(index, candle: candle, reason: "").id
            return Fill(
                orderID: id,
                tradeID: "paper-\(id)",
                side: .buy,
                price: "10",
                quantity: "0.1",
                fee: "0.01",
                time: time(candle + 1)
            )
        }

        func orders() async throws -> Int64? { try await database.number("SELECT count(*) FROM tenure.orders") }

        /// Once so many steps wait.
        func waiting(_ count: Int) async throws {
            try await eventually("\(count) steps wait") { journal.waitingSteps == count }
        }
    }

    @Test("what waits together is committed together")
    func together() async throws {
        try await Fixture.with(500) { fixture in
            fixture.journal.suspend()
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<500 {
                    group.addTask { try await fixture.journal.writes(fixture.step(index, candle: 1)) }
                }
                try await fixture.waiting(500)
                #expect(fixture.executor.statements == 0, "suspended")
                fixture.journal.resume()
                #expect(try await group.allSatisfy { $0 })
            }
            #expect(fixture.executor.statements == 1)
            // And what comes while a commit is under way: it waits in the server, for a shard that is held.
            try await withThrowingTaskGroup(of: Bool.self) { group in
                try await fixture.database.pool.withConnection { claimant in
                    try await claimant.query("BEGIN")
                    try await claimant.query("UPDATE tenure.shards SET revision = 1 WHERE id = 0")
                    group.addTask { try await fixture.journal.writes(fixture.step(0, candle: 2)) }
                    try await eventually("it is under way") { fixture.executor.statements == 2 }
                    for index in 1..<500 {
                        group.addTask { try await fixture.journal.writes(fixture.step(index, candle: 2)) }
                    }
                    try await fixture.waiting(499)
                    try await claimant.query("ROLLBACK")
                }
                let isWritten = try await group.allSatisfy { $0 }
                #expect(isWritten)
            }
            #expect(fixture.executor.statements == 3)
            #expect(try await fixture.orders() == 1_000)
        }
    }

    @Test("a step that cannot be stored fails alone")
    func errors() async throws {
        try await Fixture.with(40) { fixture in
            fixture.journal.suspend()
            let results = try await withThrowingTaskGroup(of: (Int, Result<Bool, any Error>).self) { group in
                for index in 0..<40 {
                    group.addTask {
                        // Text with a zero byte is refused by the server, with all else in the statement.
                        let step = fixture.step(index, candle: 1, reason: index % 20 == 7 ? "a\0b" : "test")
                        do {
                            return (index, .success(try await fixture.journal.writes(step)))
                        } catch {
                            return (index, .failure(error))
                        }
                    }
                }
                try await fixture.waiting(40)
                fixture.journal.resume()
                return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
            }
            for index in 0..<40 {
                if index % 20 == 7 {
                    #expect(throws: PostgresError.self) { try results[index]?.get() }
                } else {
                    #expect(try results[index]?.get() == true)
                }
            }
            #expect(try await fixture.orders() == 38)
            #expect(fixture.executor.statements < 30)
        }
    }

    @Test("a step under a token that does not hold is refused, beside others that are not")
    func lost() async throws {
        try await Fixture.with(2) { fixture in
            _ = try await fixture.database.claim([1], by: 2)
            async let kept = fixture.journal.writes(fixture.step(0, candle: 1))
            async let lost = fixture.journal.writes(fixture.step(1, candle: 1))
            let answers = try await (kept, lost)
            #expect(answers == (true, false))
        }
    }

    @Test("of two steps of one strategy, the one under the older token writes nothing through the other")
    func twoTokens() async throws {
        try await Fixture.with(1) { fixture in
            fixture.journal.suspend()
            _ = try await fixture.database.claim([0], by: 1)
            async let old = fixture.journal.writes(fixture.step(0, candle: 1, epoch: 1, reason: "old"))
            try await fixture.waiting(1)
            async let new = fixture.journal.writes(fixture.step(0, candle: 1, epoch: 2, reason: "new"))
            try await fixture.waiting(2)
            fixture.journal.resume()
            let answers = try await (old, new)
            #expect(answers == (false, true))
            #expect(try await fixture.database.texts("SELECT reason FROM tenure.orders") == ["new"])
        }
    }

    @Test("steps of what was abandoned are given up, also while everything is suspended")
    func abandoned() async throws {
        try await Fixture.with(2) { fixture in
            fixture.journal.suspend()
            async let gone = fixture.journal.writes(fixture.step(0, candle: 1))
            async let kept = fixture.journal.writes(fixture.step(1, candle: 1))
            try await fixture.waiting(2)
            fixture.journal.abandon([FencingToken(shard: 0, owner: 1, epoch: 1)])
            let isWritten = try await gone
            #expect(!isWritten)
            #expect(fixture.journal.waitingSteps == 1)
            fixture.journal.resume()
            #expect(try await kept)
            #expect(try await fixture.orders() == 1)
        }
    }

    @Test("a commit is not interrupted by the cancellation of who waits for it")
    func cancelled() async throws {
        try await Fixture.with(1) { fixture in
            fixture.journal.suspend()
            let task = Task { try await fixture.journal.writes(fixture.step(0, candle: 1)) }
            try await fixture.waiting(1)
            task.cancel()
            fixture.journal.resume()
            #expect(try await task.value)
            #expect(try await fixture.orders() == 1)
        }
    }

    @Test("while nothing is under way a step is sent by who brings it, and goes on when that one is cancelled")
    func begunAtOnce() async throws {
        try await Fixture.with(2) { fixture in
            let journal = StepJournal(repository: JournalRepository(fixture.executor), logger: HostingDatabase.silent)
            let running = Task.immediate { try await journal.run() }
            try await fixture.database.pool.withConnection { claimant in
                try await claimant.query("BEGIN")
                try await claimant.query("UPDATE tenure.shards SET revision = 1 WHERE id = 0")
                let first = Task.immediate { try await journal.writes(fixture.step(0, candle: 1)) }
                #expect(fixture.executor.statements == 1, "no other thread was waited for")
                let second = Task.immediate { try await journal.writes(fixture.step(1, candle: 1)) }
                #expect(journal.waitingSteps == 1, "one commit at a time")
                first.cancel()
                second.cancel()
                try await claimant.query("ROLLBACK")
                let areWritten = try await (first.value, second.value)
                #expect(areWritten == (true, true))
            }
            #expect(fixture.executor.statements == 2)
            running.cancel()
            try await running.value
        }
    }

    @Test("a journal that is not run yet, or is suspended, begins nothing; then all that waits goes together")
    func notYet() async throws {
        try await Fixture.with(3) { fixture in
            let journal = StepJournal(repository: JournalRepository(fixture.executor), logger: HostingDatabase.silent)
            let steps = (0..<3).map { index in
                Task.immediate { try await journal.writes(fixture.step(index, candle: 1)) }
            }
            #expect(journal.waitingSteps == 3)
            journal.suspend()
            let running = Task.immediate { try await journal.run() }
            #expect(journal.waitingSteps == 3)
            journal.resume()
            #expect(journal.waitingSteps == 0)
            for step in steps { #expect(try await step.value) }
            #expect(fixture.executor.statements == 1)
            running.cancel()
            try await running.value
        }
    }

    @Test("commits and the marking of shards as ready never meet in a deadlock")
    func lockOrder() async throws {
        try await Fixture.with(60) { fixture in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for candle in 1...50 {
                        let steps = (0..<60).map { fixture.step($0, candle: candle) }.shuffled()
                        _ = try await JournalRepository(fixture.database.pool).commit(steps)
                    }
                }
                group.addTask {
                    let tokens = (0..<60).map { FencingToken(shard: $0, owner: 1, epoch: 1) }
                    for _ in 1...50 {
                        try await ShardRepository(fixture.database.pool).markReady(tokens.shuffled())
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("when it ends, everybody who waits is told, and so is who comes later", arguments: [true, false])
    func end(isSuspended: Bool) async throws {
        try await Fixture.with(30) { fixture in
            let journal = StepJournal(repository: JournalRepository(fixture.executor), logger: HostingDatabase.silent)
            let running = Task { try await journal.run() }
            // A claim holds one of the shards, so the commit waits in the server.
            try await fixture.database.pool.withConnection { claimant in
                try await claimant.query("BEGIN")
                try await claimant.query("UPDATE tenure.shards SET revision = 1 WHERE id = 3")
                if isSuspended { journal.suspend() }
                let waiting = (0..<30).map { index in
                    Task { try await journal.writes(fixture.step(index, candle: 1)) }
                }
                try await eventually("the steps have been taken") {
                    journal.waitingSteps == 30 || !isSuspended && fixture.executor.statements > 0
                }
                running.cancel()
                try await running.value
                for task in waiting {
                    switch await task.result {
                    case .success(let isWritten): #expect(isWritten)
                    case .failure(let error): #expect(error is CancellationError)
                    }
                }
                try await claimant.query("ROLLBACK")
            }
            await #expect(throws: CancellationError.self) { try await journal.writes(fixture.step(0, candle: 1)) }
        }
    }

    @Test("restarts of the server in the middle lose nothing and repeat nothing")
    func serverRestarts() async throws {
        try await HostingDatabase.withPrivateServer { database, server in
            try await Fixture.with(20, on: database) { fixture in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for index in 0..<20 {
                        group.addTask {
                            for candle in 1...24 {
                                let isWritten = try await fixture.journal.writes(fixture.step(index, candle: candle))
                                #expect(isWritten)
                            }
                        }
                    }
                    for (orders, mode) in [(100, .fast), (250, .immediate)] as [(Int64, PostgresServer.StopMode)] {
                        try await eventually("\(orders) orders") {
                            try await fixture.orders() ?? 0 >= orders
                        }
                        try await server.restart(mode)
                    }
                    try await group.waitForAll()
                }
                #expect(try await fixture.orders() == 20 * 24)
                #expect(try await database.number("SELECT count(*) FROM tenure.fills") == 20 * 23)
                let ends = try await database.texts(
                    "SELECT DISTINCT candles || ' ' || trades_count || ' ' || cursor_ms FROM tenure.checkpoints"
                )
                #expect(ends == ["24 23 \(Candles.start.milliseconds + 24 * 300_000)"])
                let open = try await database.texts(
                    "SELECT DISTINCT decided_on_ms::text FROM tenure.orders WHERE status <> 'filled'"
                )
                #expect(open == ["\(Candles.start.milliseconds + 24 * 300_000)"])
            }
        }
    }
}

extension StepJournal {
    fileprivate func writes(_ step: Step) async throws -> Bool {
        if case .committed = try await commit(step) { true } else { false }
    }
}
