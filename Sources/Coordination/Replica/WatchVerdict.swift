import Postgres

/// What is known of a replica's session lock. The raw value is what the database says.
package enum WatchVerdict: String, Sendable, Hashable, PostgresDecodable {
    case held
    /// Nobody has it, which may mean anything.
    case free
    /// It was free although its watcher had seen it held, and the fence is committed.
    case fenced
}
