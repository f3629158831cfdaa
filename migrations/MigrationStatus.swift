/// How a database's schema compares with what this binary knows.
package struct MigrationStatus: Sendable {
    /// The newest version applied; 0 if there is none.
    package let databaseVersion: Int
    /// The newest version this binary knows.
    package let latestVersion: Int
    /// Not applied yet, in order.
    package let pending: [Migration]

    package var isUpToDate: Bool { pending.isEmpty }
    /// A newer program has brought the schema beyond what this one knows, in a way that this one works on.
    package var isBeyond: Bool { databaseVersion > latestVersion }
}

/// What a migration run did.
package struct MigrationReport: Sendable {
    /// The version found; 0 for an empty database.
    package let from: Int
    /// The version now.
    package let to: Int
    /// What was applied by this run; empty if there was nothing to do, or another process was faster.
    package let applied: [Migration]
}
