/// Where the database is, and how its connections are set up.
package struct PostgresConfiguration: Sendable {
    /// Any libpq connection string or URL; several hosts are allowed.
    package var connectionString: String
    /// Shown in `pg_stat_activity`, unless the connection string gives one.
    package var applicationName: String
    /// Server settings in force from the start of each connection.
    package var settings: [String: String]
    /// For the whole of connecting, all hosts together.
    package var connectTimeout: Duration
    /// For sessions that hold locks or listen: connecting through a pooler is an error.
    package var mustBeDirect: Bool
    /// Of all connections of this process, the server is to hear first of this one's end when the process dies.
    package var isHeardFirst: Bool

    /// Beyond these, defaults are added unless the connection string says otherwise: keepalives (idle 5 s, interval 1 s,
    /// 3 probes), `tcp_user_timeout` 3 s, `target_session_attrs=read-write` if there are several hosts, and the server
    /// settings `client_connection_check_interval` 100 ms and `idle_in_transaction_session_timeout` 1 s.
    package init(
        connectionString: String,
        applicationName: String = "tenure",
        settings: [String: String] = [:],
        connectTimeout: Duration = .seconds(5),
        mustBeDirect: Bool = false,
        isHeardFirst: Bool = false
    ) {
        self.mustBeDirect = mustBeDirect
        self.isHeardFirst = isHeardFirst
        self.connectionString = connectionString
        self.applicationName = applicationName
        self.settings = settings
        self.connectTimeout = connectTimeout
    }

    /// - Throws: `PostgresError` (`.invalidUse`) if libpq cannot read the connection string.
    package func validate() throws(PostgresError) {
        _ = try ConnectionParameters(self)
    }
}
