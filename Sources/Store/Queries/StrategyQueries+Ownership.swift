import Postgres
import Trading

/// The history of ownership, latest first. Of shards with strategies; what is older than 30 days is forgotten, but for how
/// each shard came to the owner it has.
extension StrategyQueries {
    /// Who took an active strategy's shard since the strategy started.
    package func ownership(
        of id: Int64,
        before: OwnershipChange.Position? = nil,
        limit: Int
    ) async throws -> Page<OwnershipChange, OwnershipChange.Position> {
        let rows = try await database.read(
            """
            SELECT \(raw: OwnershipChange.columns)
            FROM tenure.strategies s
            JOIN tenure.ownership o ON o.shard = s.shard AND o.epoch >= s.start_epoch
            WHERE s.id = \(id) AND (o.at, o.shard) < (\(moment(before)), \(Int32(before?.shard ?? 0)))
            ORDER BY o.at DESC, o.shard DESC LIMIT \(limit + 1)
            """,
            timeout: timeout
        )
        return Page(found: try rows.map(OwnershipChange.init), limit: limit, position: \.position)
    }

    /// Of the whole cluster.
    ///
    /// - Parameter replica: Only what it took, or what was taken from it.
    package func ownership(
        replica: Int64? = nil,
        before: OwnershipChange.Position? = nil,
        limit: Int
    ) async throws -> Page<OwnershipChange, OwnershipChange.Position> {
        let rows = try await database.read(
            """
            SELECT \(raw: OwnershipChange.columns) FROM tenure.ownership o
            WHERE (o.at, o.shard) < (\(moment(before)), \(Int32(before?.shard ?? 0)))
                AND (\(replica as Int64?)::bigint IS NULL OR \(replica as Int64?) IN (o.owner, o.previous_owner))
            ORDER BY o.at DESC, o.shard DESC LIMIT \(limit + 1)
            """,
            timeout: timeout
        )
        return Page(found: try rows.map(OwnershipChange.init), limit: limit, position: \.position)
    }

    private func moment(_ position: OwnershipChange.Position?) -> PostgresTimestamp {
        position.map { PostgresTimestamp(microseconds: $0.atMicroseconds) } ?? .infinity
    }
}
