/// Why a replica takes no traffic, in one word.
package enum UnreadyReason: String, Sendable, Hashable, CaseIterable {
    /// It is not a member yet.
    case joining
    /// It has lost touch with the database for longer than its lease.
    case suspended
    /// It hands its strategies over and goes.
    case draining
    /// The database cannot be reached.
    case databaseUnreachable = "database_unreachable"
}
