import Postgres

/// A connection that waits for other replicas' session locks, and may convict whoever has let go.
struct WatcherConnection: Sendable {
    let postgres: PostgresConnection
    /// When it began, as the server tells it.
    let since: String
}
