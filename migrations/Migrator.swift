package import Logging
package import Postgres

/// Brings a database's schema up to date, whichever of many replicas comes first.
///
/// Each migration is applied in a transaction together with its row in `tenure.migrations`, under a session advisory lock.
package struct Migrator: Sendable {
    private let migrations: [Migration]

    /// The key of the advisory lock: "tenure", then 1. Single keys and pairs of keys are different spaces.
    private static let lockKey: Int64 = 0x7465_6e75_7265_0001
    private static let oldestServer = 140_000
    private static let pollInterval = Duration.milliseconds(100)
    private static let patienceBetweenLogs = 50

    package init(migrations: [Migration] = Migrator.all) {
        precondition(
            migrations.map(\.version) == Array(1..<(migrations.count + 1)),
            "versions count from 1 without gaps"
        )
        self.migrations = migrations
    }

    /// Applies what is missing. Any number of processes may do so at once.
    ///
    /// - Parameter configuration: a role that may create the schema, on a direct connection.
    /// - Throws: ``MigrationError``; `PostgresError` if the server cannot be reached; `CancellationError`.
    package func migrate(_ configuration: PostgresConfiguration, logger: Logger) async throws -> MigrationReport {
        try await withConnection(configuration, logger) { connection in
            // The usual case, which needs no lock.
            let before = try await status(connection, logger)
            guard !before.isUpToDate else {
                return MigrationReport(from: before.databaseVersion, to: before.databaseVersion, applied: [])
            }
            try await requireDirect(connection)
            try await lock(connection, logger)
            let found = try await status(connection, logger)
            try await createTable(connection)
            for migration in found.pending {
                try await apply(migration, connection)
                logger.info(
                    "Applied a migration",
                    metadata: ["migration.version": "\(migration.version)", "migration.name": "\(migration.name)"]
                )
            }
            // The lock ends with the session.
            return MigrationReport(
                from: found.databaseVersion,
                to: migrations.last?.version ?? 0,
                applied: found.pending
            )
        }
    }

    /// Compares, and changes nothing.
    ///
    /// - Throws: ``MigrationError`` if the database is newer than this binary, or differs from it; `PostgresError` if the
    ///   server cannot be reached.
    package func check(_ configuration: PostgresConfiguration, logger: Logger) async throws -> MigrationStatus {
        try await withConnection(configuration, logger) { connection in
            try await status(connection, logger)
        }
    }

    // MARK: Steps

    private func withConnection<R>(
        _ configuration: PostgresConfiguration,
        _ logger: Logger,
        _ body: (PostgresConnection) async throws -> R
    ) async throws -> R {
        var configuration = configuration
        // A table that is busy: better to fail and say so than to stop everybody who queues behind this.
        let defaults = ["lock_timeout": "10s", "idle_in_transaction_session_timeout": "60s"]
        configuration.settings.merge(defaults) { own, _ in own }
        let connection: PostgresConnection
        do {
            connection = try await PostgresConnection.connect(configuration, logger: logger)
        } catch {
            throw error.sqlState == "42704" ? Self.tooOld(nil, error) : error
        }
        do {
            guard connection.serverVersion >= Self.oldestServer else {
                throw Self.tooOld(connection.serverVersion, nil)
            }
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw error
        }
    }

    private static func tooOld(_ version: Int?, _ underlying: PostgresError?) -> MigrationError {
        let found = version.map { "The server is PostgreSQL \($0 / 10_000)." } ?? "The server is too old."
        return MigrationError(.unsupportedServer, "\(found) PostgreSQL 14 or newer is needed.", underlying: underlying)
    }

    private func status(_ connection: PostgresConnection, _ logger: Logger) async throws -> MigrationStatus {
        let history = try await Self.explaining("reading tenure.migrations") {
            let exists = try await connection.query("SELECT to_regclass('tenure.migrations') IS NOT NULL")
            guard try exists[0].decode(Bool.self) else { return MigrationHistory(applied: []) }
            // The last one is not there before the migration that adds it.
            let rows = try await connection.query(
                """
                SELECT version, name, checksum, coalesce((to_jsonb(m) ->> 'needed_version')::integer, 1)
                FROM tenure.migrations m ORDER BY version
                """
            )
            return MigrationHistory(
                applied: try rows.map { row in
                    let (version, name, checksum, needed) = try row.decode(Int.self, String.self, String.self, Int.self)
                    return MigrationHistory.Applied(version: version, name: name, checksum: checksum, needed: needed)
                }
            )
        }
        let status = try history.status(against: migrations)
        if status.isBeyond {
            logger.warning(
                "The database schema is newer than this program, which still works on it: an update is to be finished",
                metadata: [
                    "schema.version": "\(status.databaseVersion)", "schema.known": "\(status.latestVersion)",
                ]
            )
        }
        return status
    }

    /// Behind a pooler the backend is another one than the connection was told, and may change at every statement.
    private func requireDirect(_ connection: PostgresConnection) async throws {
        let pid = try await connection.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
        guard pid == connection.backendPID else {
            throw MigrationError(
                .pooled,
                "The connection goes through a pooler, which does not keep session locks: give the migrations a connection "
                    + "string that leads to PostgreSQL itself."
            )
        }
    }

    /// Tries, and tries again: a session that waits inside `pg_advisory_lock` holds a snapshot, which stops vacuum.
    private func lock(_ connection: PostgresConnection, _ logger: Logger) async throws {
        var attempts = 0
        while true {
            let rows = try await connection.query("SELECT pg_try_advisory_lock(\(Self.lockKey))")
            if try rows[0].decode(Bool.self) { return }
            if attempts % Self.patienceBetweenLogs == 0 {
                logger.info("Waiting: another process is bringing the schema up to date")
            }
            attempts += 1
            try await Task.sleep(for: Self.pollInterval, clock: .continuous)
        }
    }

    private func createTable(_ connection: PostgresConnection) async throws {
        try await Self.explaining("creating tenure.migrations") {
            // Only what is missing: to say it again would need rights that are no longer needed.
            let rows = try await connection.query(
                "SELECT to_regnamespace('tenure') IS NULL, to_regclass('tenure.migrations') IS NULL"
            )
            let (needsSchema, needsTable) = try rows[0].decode(Bool.self, Bool.self)
            if needsSchema { try await connection.query("CREATE SCHEMA tenure") }
            guard needsTable else { return }
            try await connection.query(
                """
                CREATE TABLE tenure.migrations (
                    version integer PRIMARY KEY,
                    name text NOT NULL,
                    checksum text NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
                )
                """
            )
        }
    }

    private func apply(_ migration: Migration, _ connection: PostgresConnection) async throws {
        try await Self.explaining("applying \(migration.fileName)") {
            try await connection.withTransaction { connection in
                try await connection.execute(script: migration.text)
                try await connection.query(
                    """
                    INSERT INTO tenure.migrations (version, name, checksum)
                    VALUES (\(migration.version), \(migration.name), \(migration.checksum))
                    """
                )
            }
        }
    }

    /// Says what was being done, and what to do about it.
    private static func explaining<R>(_ what: String, _ body: () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch let error as PostgresError {
            // Of anything but a refusal the outcome is another one, or not known.
            guard error.code == .server else { throw error }
            switch error.sqlState {
            case "42501":
                throw MigrationError(
                    .missingRights,
                    "The role lacks the rights for \(what): run `tenure migrate` as the owner of the database, or let one "
                        + "run GRANT CREATE ON DATABASE … TO ….",
                    underlying: error
                )
            case "55P03":
                throw MigrationError(
                    .failed,
                    "A table was busy for too long while \(what); nothing of it was kept: try again at a quieter time.",
                    underlying: error
                )
            default:
                throw MigrationError(.failed, "Failed while \(what); nothing of it was kept.", underlying: error)
            }
        }
    }
}
