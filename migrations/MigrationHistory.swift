/// What has been applied to a database, held against what this binary knows. Pure.
struct MigrationHistory: Sendable {
    struct Applied: Sendable {
        let version: Int
        let name: String
        let checksum: String
    }

    let applied: [Applied]

    /// - Throws: ``MigrationError`` unless the one is a beginning of the other.
    func status(against known: [Migration]) throws(MigrationError) -> MigrationStatus {
        let latest = known.last?.version ?? 0
        let unknown = applied.filter { $0.version > latest }
        if let newest = unknown.map(\.version).max() {
            let list = unknown.map { "\($0.version) (\($0.name))" }.joined(separator: ", ")
            throw MigrationError(
                .databaseIsNewer,
                "The database is at version \(newest), this binary knows versions up to \(latest); unknown to it: \(list). "
                    + "Upgrade the binary; nothing was changed."
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
