/// What has been applied to a database, held against what this binary knows. Pure.
struct MigrationHistory: Sendable {
    struct Applied: Sendable {
        let version: Int
        let name: String
        let checksum: String
        /// The lowest version that a program must know to work on a schema with this one.
        var needed = 1
    }

    let applied: [Applied]

    /// A database that is newer than what is known is taken as it is, unless it says that this is not enough.
    ///
    /// - Throws: ``MigrationError`` unless the one is a beginning of the other.
    func status(against known: [Migration]) throws(MigrationError) -> MigrationStatus {
        let latest = known.last?.version ?? 0
        if let demanding = applied.max(by: { $0.needed < $1.needed }), demanding.needed > latest {
            throw MigrationError(
                .databaseIsNewer,
                "Version \(demanding.version) (\(demanding.name)) of the database is for programs that know version "
                    + "\(demanding.needed); this binary knows versions up to \(latest). Upgrade the binary; nothing was "
                    + "changed."
            )
        }
        let byVersion = Dictionary(applied.map { ($0.version, $0) }) { first, _ in first }
        var pending: [Migration] = []
        for migration in known {
            guard let row = byVersion[migration.version] else {
                pending.append(migration)
                continue
            }
            guard row.checksum == migration.checksum else {
                throw MigrationError(
                    .edited,
                    "\(migration.fileName) is not what was applied as version \(row.version) (\(row.name)): "
                        + "checksum \(migration.checksum) instead of \(row.checksum). Restore the file and put the "
                        + "change into a new migration; nothing was changed."
                )
            }
            if let missing = pending.first {
                throw MigrationError(
                    .outOfOrder,
                    "\(missing.fileName) was never applied, but \(migration.fileName) was. Give it a version of its "
                        + "own after the last one; nothing was changed."
                )
            }
        }
        return MigrationStatus(
            databaseVersion: applied.map(\.version).max() ?? 0,
            latestVersion: latest,
            pending: pending
        )
    }
}
