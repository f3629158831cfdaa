import Postgres
import Trading

extension StrategyQueries {
    /// Every replica that is not fenced, by id, and then those that were fenced during the last hour, latest first.
    package func replicas() async throws -> [ListedReplica] {
        try await replicas(id: nil)
    }

    /// One of them; nil for one that has left, or that was fenced long ago.
    package func replica(id: Int64) async throws -> ListedReplica? {
        try await replicas(id: id).first
    }

    private func replicas(id: Int64?) async throws -> [ListedReplica] {
        let rows = try await database.read(
            """
            SELECT r.id, r.name, r.host, r.pid, r.version, r.draining, r.capacity,
                coalesce(o.shards, 0), coalesce(o.strategies, 0),
                r.started_at, r.heartbeat_at, r.lease_expires_at,
                round(extract(epoch FROM r.lease_expires_at - clock_timestamp()) * 1000)::bigint,
                r.fenced_at, r.fenced_by, r.fenced_reason, r.drain_requested_at
            FROM tenure.replicas r
            LEFT JOIN (
                SELECT owner, count(*) AS shards, sum(strategies)::bigint AS strategies
                FROM tenure.shards WHERE owner IS NOT NULL GROUP BY owner
            ) o ON o.owner = r.id
            WHERE (r.fenced_at IS NULL OR r.fenced_at > clock_timestamp() - interval '1 hour')
                AND r.id = coalesce(\(id as Int64?), r.id)
            ORDER BY r.fenced_at DESC NULLS FIRST, r.id
            """,
            timeout: timeout
        )
        return try rows.map(ListedReplica.init)
    }
}
