import Postgres
import Synchronization

/// Counts the statements that go through it.
final class CountingExecutor: PostgresExecutor {
    private let executor: any PostgresExecutor
    private let texts = Mutex<[String]>([])

    init(_ executor: any PostgresExecutor) {
        self.executor = executor
    }

    var statements: Int { texts.withLock { $0.count } }

    /// Statements that contain this text.
    func count(_ text: String) -> Int { texts.withLock { $0.count { $0.contains(text) } } }

    func query(
        _ statement: PostgresStatement,
        timeout: Duration?
    ) async throws(PostgresError) -> PostgresResult {
        texts.withLock { $0.append(statement.sql) }
        return try await executor.query(statement, timeout: timeout)
    }
}
