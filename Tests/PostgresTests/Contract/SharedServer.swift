import LocalCluster
import Logging
import Postgres
import TestSupport

/// Most tests need no database of their own: they use temporary tables on the shared server.
let quiet = Logger(label: "postgres-tests") { _ in SwiftLogNoOpLogHandler() }

func sharedConfiguration(user: String = "tenure", settings: [String: String] = [:]) async throws
    -> PostgresConfiguration
{
    patient(try await TestServer.shared.connectionString(user: user), settings: settings)
}

func withConnection<R>(
    settings: [String: String] = [:],
    _ body: (PostgresConnection) async throws -> R
) async throws -> R {
    let connection = try await PostgresConnection.connect(
        try await sharedConfiguration(settings: settings),
        logger: quiet
    )
    do {
        let value = try await body(connection)
        await connection.close()
        return value
    } catch {
        await connection.close()
        throw error
    }
}

func withPool<R>(
    _ configuration: PostgresConfiguration? = nil,
    size: Int,
    acquireTimeout: Duration = .seconds(240),
    _ body: (PostgresPool) async throws -> R
) async throws -> R {
    var given = configuration
    if given == nil { given = try await sharedConfiguration() }
    let pool = PostgresPool(configuration: given!, size: size, acquireTimeout: acquireTimeout, logger: quiet)
    return try await withThrowingTaskGroup { group in
        group.addTask { try await pool.run() }
        do {
            let value = try await body(pool)
            group.cancelAll()
            try await group.waitForAll()
            return value
        } catch {
            group.cancelAll()
            throw error
        }
    }
}

/// Waits until the backend is inside a statement that contains `text`, as another connection sees it.
func untilRunning(_ text: String, pid: Int32, seenBy observer: some PostgresExecutor) async throws {
    try await eventually("\(text) runs") {
        try await observer.query(
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE pid = \(pid) AND state = 'active' AND position(\(text) in query) > 0
            """
        )[0].decode(Int.self) == 1
    }
}
