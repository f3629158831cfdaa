package import Postgres
package import Trading

/// Writes what people want of strategies: that they run, stop, pause. Whoever owns the shard sees to it.
///
/// Every method is one statement, so nothing stays locked if this process stops in the middle. All of them, and the
/// owner's own writes, lock the shard's row first and the strategy's after it: they wait for each other, never in a ring.
package struct DesiredStateRepository: Sendable {
    let database: any PostgresExecutor
    /// After this a statement is cancelled, so that a request has an answer even when the database has none.
    let timeout: Duration?

    package init(database: any PostgresExecutor, timeout: Duration? = nil) {
        self.database = database
        self.timeout = timeout
    }

    /// Asks the owner to stop a strategy. The first request's reason and positions hold; further ones only wake the owner.
    ///
    /// - Parameter by: Who asks, for the record.
    /// - Throws: `PostgresError`.
    package func requestStop(
        symbol: Symbol,
        exchange: String,
        reason: String,
        positions: StopPositions,
        by: String? = nil
    ) async throws -> StopOutcome {
        let rows = try await database.query(
            """
            WITH target AS MATERIALIZED (
                SELECT s.id, s.shard, s.stop_requested_at IS NULL AS first
                FROM tenure.strategies s
                JOIN tenure.shards h ON h.id = s.shard
                WHERE s.exchange = \(exchange) AND s.symbol = \(symbol.name)
                FOR NO KEY UPDATE OF h
            ), updated AS (
                UPDATE tenure.strategies s
                SET stop_requested_at = coalesce(s.stop_requested_at, clock_timestamp()),
                    stop_reason = coalesce(s.stop_reason, \(reason)),
                    stop_positions = coalesce(s.stop_positions, \(positions.rawValue))
                FROM target t
                WHERE s.id = t.id
                RETURNING s.id, s.shard, t.first
            ), counted AS (
                UPDATE tenure.shards h SET revision = h.revision + 1 FROM updated u WHERE h.id = u.shard AND u.first
            ), logged AS (
                INSERT INTO tenure.events (kind, strategy_id, details)
                SELECT 'stop_requested', u.id, jsonb_strip_nulls(jsonb_build_object(
                    'reason', \(reason)::text, 'positions', \(positions.rawValue)::text, 'by', \(by)::text))
                FROM updated u WHERE u.first
            )
            SELECT id, shard, pg_notify('tenure', 'stop ' || id || ' ' || shard)::text FROM updated
            """,
            timeout: timeout
        )
        guard let row = rows.first else { return .notFound }
        let (id, shard) = try row.decode(Int64.self, Int32.self)
        return .requested(id: id, shard: Int(shard))
    }

    /// Sets whether a strategy may open positions. Its candles go on being processed. One that has failed or is quarantined is
    /// started again when it is resumed.
    ///
    /// - Parameter by: Who asks, for the record.
    /// - Throws: `PostgresError`.
    package func setPaused(symbol: Symbol, exchange: String, _ paused: Bool, by: String? = nil) async throws
        -> PauseOutcome
    {
        let rows = try await database.query(
            """
            WITH target AS MATERIALIZED (
                SELECT s.id, s.shard, NOT \(paused) AND s.phase IN ('failed', 'quarantined') AS restarts
                FROM tenure.strategies s
                JOIN tenure.shards h ON h.id = s.shard
                WHERE s.exchange = \(exchange) AND s.symbol = \(symbol.name)
                FOR NO KEY UPDATE OF h
            ), updated AS (
                UPDATE tenure.strategies s
                SET paused = \(paused),
                    phase = CASE WHEN t.restarts THEN 'starting' ELSE s.phase END,
                    last_error = CASE WHEN t.restarts THEN NULL ELSE s.last_error END,
                    trial_epoch = CASE WHEN t.restarts THEN NULL ELSE s.trial_epoch END,
                    trial_width = CASE WHEN t.restarts THEN NULL ELSE s.trial_width END
                FROM target t
                WHERE s.id = t.id AND (s.paused <> \(paused) OR t.restarts)
                RETURNING s.id, s.shard
            ), counted AS (
                UPDATE tenure.shards h SET revision = h.revision + 1 FROM updated u WHERE h.id = u.shard
            ), logged AS (
                INSERT INTO tenure.events (kind, strategy_id, details)
                SELECT \(paused ? "paused" : "resumed"), u.id,
                    jsonb_strip_nulls(jsonb_build_object('by', \(by)::text))
                FROM updated u
            )
            SELECT t.id, t.shard, u.id IS NOT NULL,
                CASE WHEN u.id IS NOT NULL THEN pg_notify('tenure', 'change ' || t.id || ' ' || t.shard)::text END
            FROM target t
            LEFT JOIN updated u ON u.id = t.id
            """,
            timeout: timeout
        )
        guard let row = rows.first else { return .notFound }
        let (id, shard, changed) = try row.decode(Int64.self, Int32.self, Bool.self)
        return .done(id: id, shard: Int(shard), changed: changed)
    }
}
