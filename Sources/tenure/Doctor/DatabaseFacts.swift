import Postgres

/// What the server says of itself, and what that means.
struct DatabaseFacts: Equatable {
    /// As libpq counts: 150004.
    var version = 150_000
    var isStandby = false
    var fsync = "on"
    var synchronousCommit = "on"
    var fullPageWrites = "on"
    /// What is left for ordinary roles: of the server, the database and the role, the least.
    var connections = 100
    var liveReplicas = 0
    /// Whether the role can create the schema, or owns what is there.
    var ownsSchema = true
    /// Whether it can end the connections of the role that the pooled connection string names.
    var canSignal = true

    static let oldestVersion = 14
    private static let connectionsPerReplica = 6

    /// Asks on the session connection.
    ///
    /// - Parameter otherRole: Whose backends a fencer has to end.
    init(_ session: PostgresConnection, otherRole: String, timeout: Duration) async throws {
        version = session.serverVersion
        let rows = try await session.query(
            """
            SELECT pg_is_in_recovery(), current_setting('fsync'), current_setting('synchronous_commit'),
                current_setting('full_page_writes'),
                (SELECT min(n) FROM (VALUES
                    (current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint),
                    ((SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())::bigint),
                    ((SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user)::bigint)) AS v (n)),
                coalesce(
                    (SELECT pg_has_role(nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'tenure'),
                    has_database_privilege(current_database(), 'CREATE')),
                has_function_privilege('pg_terminate_backend(integer, bigint)', 'EXECUTE')
                    AND (SELECT CASE WHEN rolsuper THEN (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
                        ELSE pg_has_role(oid, 'USAGE') OR pg_has_role('pg_signal_backend', 'USAGE') END
                        FROM pg_roles WHERE rolname = \(otherRole)),
                to_regclass('tenure.replicas') IS NOT NULL
            """,
            timeout: timeout
        )
        guard let row = rows.first else { preconditionFailure("a SELECT without FROM has one row") }
        let hasReplicas: Bool
        (isStandby, fsync, synchronousCommit, fullPageWrites, connections, ownsSchema, canSignal, hasReplicas) =
            try row.decode(
                Bool.self,
                String.self,
                String.self,
                String.self,
                Int.self,
                Bool.self,
                Bool.self,
                Bool.self
            )
        guard hasReplicas, ownsSchema else { return }
        let counts = try await session.query(
            "SELECT count(*) FROM tenure.replicas WHERE fenced_at IS NULL AND lease_expires_at > clock_timestamp()",
            timeout: timeout
        )
        liveReplicas = try counts.first?.decode(Int.self) ?? 0
    }

    /// Made up, for tests.
    init() {}

    /// Each replica has six connections; during an update there are twice as many; and somebody wants to look.
    private var neededConnections: Int { Self.connectionsPerReplica * max(liveReplicas, 1) * 2 + 20 }

    var findings: [Finding] {
        [
            version / 10_000 >= Self.oldestVersion
                ? .ok("database.version", "PostgreSQL \(version / 10_000).\(version % 10_000)")
                : .error(
                    "database.version",
                    "PostgreSQL \(version / 10_000) is too old",
                    "Use PostgreSQL \(Self.oldestVersion) or newer."
                ),
            isStandby
                ? .error(
                    "database.primary",
                    "this is a standby: nothing can be written here",
                    "Name the primary, or all hosts with target_session_attrs=read-write."
                ) : .ok("database.primary", "it takes writes"),
            durability,
            connections >= neededConnections
                ? .ok(
                    "database.connections",
                    "\(connections) connections are allowed; \(neededConnections) are advised"
                )
                : .warning(
                    "database.connections",
                    "\(connections) connections are allowed; \(neededConnections) are advised for \(max(liveReplicas, 1)) "
                        + "replicas",
                    "Raise max_connections (or the role's or the database's CONNECTION LIMIT): 7 for each replica, twice "
                        + "as many during an update, and 20."
                ),
            ownsSchema
                ? .ok("database.rights", "the role may change the schema")
                : .error(
                    "database.rights",
                    "the role owns no schema \"tenure\" and cannot make one",
                    "As a superuser: GRANT CREATE ON DATABASE … TO …; or ALTER SCHEMA tenure OWNER TO …."
                ),
            canSignal
                ? .ok("database.signal", "replicas can end the connections of a fenced one")
                : .error(
                    "database.signal",
                    "replicas could not end the connections of a fenced one",
                    "Use one role in TENURE_DATABASE_URL and TENURE_SESSION_DATABASE_URL, or GRANT pg_signal_backend to the "
                        + "latter's; and do not REVOKE pg_terminate_backend."
                ),
        ]
    }

    private var durability: Finding {
        let off = [("fsync", fsync), ("full_page_writes", fullPageWrites), ("synchronous_commit", synchronousCommit)]
            .filter { $0.1 == "off" }.map(\.0)
        return off.isEmpty
            ? .ok("database.durability", "what is committed stays (synchronous_commit = \(synchronousCommit))")
            : .error(
                "database.durability",
                "\(off.joined(separator: " and ")) \(off.count > 1 ? "are" : "is") off: a crash of the machine loses or ruins "
                    + "what was committed, and orders could be sent twice",
                off.map { "ALTER SYSTEM SET \($0) = on;" }.joined(separator: " ")
                    + " SELECT pg_reload_conf(); also look for "
                    + "ALTER ROLE … SET and ALTER DATABASE … SET."
            )
    }
}
