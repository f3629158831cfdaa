import Postgres
package import Trading

extension DesiredStateRepository {
    /// Gives an active strategy other parameters and limits. Of several orders that were made from one version, one is done.
    ///
    /// - Parameter key: Of the request, if it has one: it was entered into the ``IdempotencyRepository``.
    /// - Throws: `PostgresError`.
    package func change(_ order: ChangeOrder, key: IdempotencyKey? = nil) async throws -> ChangeOutcome {
        let rows = try await database.query(
            """
            WITH \(freshFor: key), target AS MATERIALIZED (
                SELECT s.id, s.shard
                FROM tenure.strategies s
                JOIN tenure.shards h ON h.id = s.shard
                JOIN fresh f ON f.is_fresh
                WHERE s.id = \(order.id)
                FOR NO KEY UPDATE OF h
            ), updated AS (
                UPDATE tenure.strategies s
                SET config = \(PostgresJSON(order.config.text)), limits = \(PostgresJSON(try order.limits.jsonText)),
                    version = s.version + 1,
                    -- What it says about a change before this one holds no longer.
                    last_error = CASE WHEN s.phase = 'failed' OR NOT starts_with(s.last_error, \(RefusedChange.beginning))
                        THEN s.last_error END
                FROM target t
                -- As the row is by now, whatever it was when the statement began.
                WHERE s.id = t.id AND s.version = \(order.version) AND s.stop_requested_at IS NULL
                RETURNING s.id, s.shard, s.symbol, s.version
            ), \(done: "updated", for: key), counted AS (
                UPDATE tenure.shards h SET revision = h.revision + 1 FROM updated u WHERE h.id = u.shard
            ), logged AS (
                INSERT INTO tenure.events (kind, strategy_id, details)
                SELECT 'changed', u.id, jsonb_strip_nulls(jsonb_build_object(
                    'symbol', u.symbol, 'version', u.version, 'by', \(order.by)::text))
                    || jsonb_build_object('changes', \(PostgresJSON(order.differences.text))::jsonb)
                FROM updated u
            )
            SELECT f.is_fresh, u.version,
                CASE WHEN u.id IS NOT NULL THEN pg_notify('tenure', 'change ' || u.id || ' ' || u.shard)::text END
            FROM fresh f
            LEFT JOIN updated u ON true
            """,
            timeout: timeout
        )
        guard let row = rows.first else { preconditionFailure("`fresh` has one row") }
        let (isFresh, version, _) = try row.decode(Bool.self, Int64?.self, String?.self)
        guard isFresh else { return .repeated }
        return version.map { .changed(version: $0) } ?? .overtaken
    }

    /// Asks the owner to close a strategy's position, and to let it run on. While one request has not been carried out, further
    /// ones join it.
    ///
    /// - Parameters:
    ///   - pauses: Keeps it from opening another one, too.
    ///   - by: Who asks, for the record.
    ///   - key: Of the request, if it has one: it was entered into the ``IdempotencyRepository``.
    /// - Throws: `PostgresError`.
    package func requestClose(
        symbol: Symbol,
        exchange: String,
        reason: String,
        pauses: Bool,
        by: String? = nil,
        key: IdempotencyKey? = nil
    ) async throws -> CloseOutcome {
        let rows = try await database.query(
            """
            WITH \(freshFor: key), target AS MATERIALIZED (
                SELECT s.id, s.shard, s.symbol, coalesce(c.closed, 0) AS closed, coalesce(c.position_e8, 0) > 0 AS holds,
                    s.stop_requested_at IS NULL AND s.phase NOT IN ('failed', 'quarantined') AS runs
                FROM tenure.strategies s
                JOIN tenure.shards h ON h.id = s.shard
                JOIN fresh f ON f.is_fresh
                LEFT JOIN tenure.checkpoints c ON c.strategy_id = s.id
                WHERE s.exchange = \(exchange) AND s.symbol = \(symbol.name)
                FOR NO KEY UPDATE OF h
            ), updated AS (
                UPDATE tenure.strategies s
                SET closing = greatest(s.closing, t.closed + 1),
                    closing_reason = CASE WHEN s.closing > t.closed THEN s.closing_reason ELSE \(reason) END,
                    paused = s.paused OR \(pauses)
                FROM target t
                WHERE s.id = t.id AND t.holds AND t.runs
                RETURNING s.id, s.shard
            ), \(done: "updated", for: key), counted AS (
                UPDATE tenure.shards h SET revision = h.revision + 1 FROM updated u WHERE h.id = u.shard
            ), logged AS (
                INSERT INTO tenure.events (kind, strategy_id, details)
                SELECT 'close_requested', u.id, jsonb_strip_nulls(jsonb_build_object('symbol', t.symbol,
                    'reason', \(reason)::text, 'pause', \(pauses)::boolean, 'by', \(by)::text))
                FROM updated u JOIN target t USING (id)
            )
            SELECT f.is_fresh, t.id, t.holds, t.runs,
                CASE WHEN u.id IS NOT NULL THEN pg_notify('tenure', 'change ' || u.id || ' ' || u.shard)::text END
            FROM fresh f
            LEFT JOIN target t ON true
            LEFT JOIN updated u ON u.id = t.id
            """,
            timeout: timeout
        )
        guard let row = rows.first else { preconditionFailure("`fresh` has one row") }
        let (isFresh, id, holds, runs, _) = try row.decode(
            Bool.self,
            Int64?.self,
            Bool?.self,
            Bool?.self,
            String?.self
        )
        guard isFresh else { return .repeated }
        guard let id, let holds, let runs else { return .notFound }
        guard runs else { return .notRunning }
        return holds ? .requested(id: id) : .nothingHeld
    }
}
