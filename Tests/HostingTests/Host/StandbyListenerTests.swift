import Postgres
import Store
import TestSupport
import Testing
import Trading

@testable import Hosting

@Suite("Listening on standby", .timeLimit(.minutes(5)))
struct StandbyListenerTests {
    @Test(
        "a replica listens to all markets of strategies that are to run, wherever they do, or to none",
        arguments: [2, 1, 0]
    )
    func markets(limit: Int) async throws {
        try await HostingDatabase.with { database in
            for symbol in ["AAAUSDT", "BBBUSDT"] as [Symbol] { try await database.addStrategy(symbol) }
            let failed = try await database.addStrategy("CCCUSDT")
            try await database.pool.query("UPDATE tenure.strategies SET phase = 'failed' WHERE id = \(failed)")
            let exchange = QuietExchange()
            let executor = CountingExecutor(database.pool)
            let standby = StandbyListener(
                exchanges: [exchange.name: exchange],
                repository: JournalRepository(executor),
                limit: limit
            )
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await standby.run() }
                if limit > 0 { try await eventually("it has asked") { executor.statements > 0 } }
                if limit == 2 { try await eventually("it listens") { !exchange.counts.listened.isEmpty } }
                group.cancelAll()
                // What it began has ended with it.
                try await group.waitForAll()
            }
            #expect(exchange.counts.listened == (limit == 2 ? ["AAAUSDT", "BBBUSDT"] : []))
        }
    }
}
