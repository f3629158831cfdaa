import Postgres
import TestSupport

/// Plays the hosting side by SQL: brings started strategies up, finishes stopped ones.
struct Owner: Sendable {
    let pool: PostgresPool

    /// Joins as replica 1, the owner of all shards.
    func join() async throws {
        try await pool.query(
            """
            INSERT INTO tenure.replicas
                (id, name, instance, host, pid, version, capacity, timeline, lease_expires_at)
            VALUES (1, 'alpha', 'i', 'host-a', 4711, '1.0', 1000, '00000001', clock_timestamp() + interval '1 hour')
            """
        )
        try await pool.query("UPDATE tenure.shards SET owner = 1, epoch = 1, ready_epoch = 1")
    }

    /// Acts on every notification until cancelled.
    func run(_ events: PostgresNotificationEvents) async throws {
        for await event in events {
            switch event {
            case .connected: try await act()
            case .notification(_, let payload, _) where payload.hasPrefix("start ") || payload.hasPrefix("stop "):
                try await act()
            case .notification, .lost: break
            }
        }
    }

    /// One look at what is wanted. Symbols that begin with SLOW are left as they are, those with BAD fail.
    func act() async throws {
        try await pool.query(
            """
            WITH up AS (
                UPDATE tenure.strategies SET
                    phase = CASE WHEN symbol LIKE 'BAD%' THEN 'failed' ELSE 'running' END,
                    last_error = CASE WHEN symbol LIKE 'BAD%' THEN 'it broke' END
                WHERE phase = 'starting' AND symbol NOT LIKE 'SLOW%' RETURNING id, shard
            ) SELECT pg_notify('tenure', 'running ' || id || ' ' || shard)::text FROM up
            """
        )
        try await pool.query(
            """
            WITH locked AS MATERIALIZED (
                SELECT h.id FROM tenure.shards h WHERE EXISTS (
                    SELECT FROM tenure.strategies s WHERE s.shard = h.id AND s.stop_requested_at IS NOT NULL)
                FOR NO KEY UPDATE OF h
            ), gone AS (
                DELETE FROM tenure.strategies s USING locked l
                WHERE s.shard = l.id AND s.stop_requested_at IS NOT NULL AND s.symbol NOT LIKE 'SLOW%'
                RETURNING s.*
            ), counted AS (
                UPDATE tenure.shards h SET strategies = h.strategies - g.n
                FROM (SELECT shard, count(*) AS n FROM gone GROUP BY shard) g WHERE g.shard = h.id
            ), kept AS (
                INSERT INTO tenure.strategy_history (strategy_id, symbol, strategy_type, exchange, interval, execution,
                    config, started_at, reason, pnl, fees, trades_count, position, candles, restores)
                SELECT id, symbol, strategy_type, exchange, interval, execution, config, started_at, stop_reason,
                    -12.50000000, 0.10000000, 3, 0, 9, 0
                FROM gone
            )
            SELECT pg_notify('tenure', 'stopped ' || id || ' ' || shard)::text FROM gone
            """
        )
    }
}
