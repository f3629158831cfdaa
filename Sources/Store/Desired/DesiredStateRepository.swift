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
    /// Starts that take whichever good shard nobody else is using.
    let placements: PlacementQueue
    /// Starts that wait for the best one.
    let patientPlacements: PlacementQueue

    package init(database: any PostgresExecutor, timeout: Duration? = nil) {
        self.database = database
        self.timeout = timeout
        // There have to be shards for all of them to choose from. One statement that waits for something holds up no more than
        // its own.
        placements = PlacementQueue(largestBatch: 24, mostStatements: 2) { try await Self.place($0, database, timeout) }
        // Alone: of several, two statements could wait for each other.
        patientPlacements = PlacementQueue(largestBatch: 1, mostStatements: 1) {
            try await Self.place($0, database, timeout, waits: true)
        }
    }

    /// Asks the owner to stop a strategy. The first request's reason and positions hold; further ones only wake the owner.
    ///
    /// - Parameters:
    ///   - by: Who asks, for the record.
    ///   - key: Of the request, if it has one: it was entered into the ``IdempotencyRepository``.
    /// - Throws: `PostgresError`.
    package func requestStop(
        symbol: Symbol,
        exchange: String,
        reason: String,
        positions: StopPositions,
        by: String? = nil,
        key: IdempotencyKey? = nil
    ) async throws -> StopOutcome {
        let rows = try await database.query(
            """
            WITH \(freshFor: key), target AS MATERIALIZED (
                SELECT s.id, s.shard, s.stop_requested_at IS NULL AS first
                FROM tenure.strategies s
                JOIN tenure.shards h ON h.id = s.shard
                JOIN fresh f ON f.is_fresh
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
            ), \(done: "updated", for: key), counted AS (
                UPDATE tenure.shards h SET revision = h.revision + 1 FROM updated u WHERE h.id = u.shard AND u.first
            ), logged AS (
                INSERT INTO tenure.events (kind, strategy_id, details)
                SELECT 'stop_requested', u.id, jsonb_strip_nulls(jsonb_build_object(
                    'symbol', \(symbol.name)::text, 'reason', \(reason)::text,
                    'positions', \(positions.rawValue)::text, 'by', \(by)::text))
                FROM updated u WHERE u.first
            )
            SELECT f.is_fresh, u.id, u.shard,
                CASE WHEN u.id IS NOT NULL THEN pg_notify('tenure', 'stop ' || u.id || ' ' || u.shard)::text END
            FROM fresh f
            LEFT JOIN updated u ON true
            """,
            timeout: timeout
        )
        guard let row = rows.first else { preconditionFailure("`fresh` has one row") }
        let (isFresh, id, shard) = try row.decode(Bool.self, Int64?.self, Int32?.self)
        guard isFresh else { return .repeated }
        guard let id, let shard else { return .notFound }
        return .requested(id: id, shard: Int(shard))
    }

    /// Sets whether a strategy may open positions. Its candles go on being processed. One that has failed or is quarantined is
    /// started again when it is resumed.
    ///
    /// - Parameters:
    ///   - by: Who asks, for the record.
    ///   - key: Of the request, if it has one: it was entered into the ``IdempotencyRepository``.
    /// - Throws: `PostgresError`.
    package func setPaused(
        symbol: Symbol,
        exchange: String,
        _ paused: Bool,
        by: String? = nil,
        key: IdempotencyKey? = nil
    ) async throws -> PauseOutcome {
        let rows = try await database.query(
            """
            WITH \(freshFor: key), target AS MATERIALIZED (
                SELECT s.id, s.shard, NOT \(paused) AND s.phase IN ('failed', 'quarantined') AS restarts
                FROM tenure.strategies s
                JOIN tenure.shards h ON h.id = s.shard
                JOIN fresh f ON f.is_fresh
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
            ), \(done: "target", for: key), counted AS (
                UPDATE tenure.shards h SET revision = h.revision + 1 FROM updated u WHERE h.id = u.shard
            ), logged AS (
                INSERT INTO tenure.events (kind, strategy_id, details)
                SELECT \(paused ? "paused" : "resumed"), u.id,
                    jsonb_strip_nulls(jsonb_build_object('symbol', \(symbol.name)::text, 'by', \(by)::text))
                FROM updated u
            )
            SELECT f.is_fresh, t.id, t.shard, u.id IS NOT NULL,
                CASE WHEN u.id IS NOT NULL THEN pg_notify('tenure', 'change ' || t.id || ' ' || t.shard)::text END
            FROM fresh f
            LEFT JOIN target t ON true
            LEFT JOIN updated u ON u.id = t.id
            """,
            timeout: timeout
        )
        guard let row = rows.first else { preconditionFailure("`fresh` has one row") }
        let (isFresh, id, shard, changed) = try row.decode(Bool.self, Int64?.self, Int32?.self, Bool.self)
        guard isFresh else { return .repeated }
        guard let id, let shard else { return .notFound }
        return .done(id: id, shard: Int(shard), changed: changed)
    }
}
