import Postgres
import Synchronization

/// Counts the statements that go through it.
final class CountingExecutor: PostgresExecutor {
    private let executor: any PostgresExecutor
    private let count = Mutex(0)

    init(_ executor: any PostgresExecutor) {
        self.executor = executor
    }

    var statements: Int { count.withLock { $0 } }

    func query(
        _ statement: PostgresStatement,
        timeout: Duration?
    ) async throws(PostgresError) -> PostgresResult {
        count.withLock { $0 += 1 }
        return try await executor.query(statement, timeout: timeout)
    }
}
