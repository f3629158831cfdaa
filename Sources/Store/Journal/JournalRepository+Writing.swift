import Postgres

extension JournalRepository {
    /// Writes a strategy's first checkpoint.
    ///
    /// - Returns: The checkpoint to go on from: the one that was there already, if there was one (a start whose answer was
    ///   lost, or that was interrupted), else this one. `nil` if the strategy is no longer owned under that token.
    package func begin(_ step: Step) async throws -> Checkpoint? {
        let columns = try StepColumns([step])
        let rows = try await database.query(
            """
            WITH guarded AS (
                SELECT id FROM tenure.shards
                WHERE id = \(Int32(step.shard)) AND owner = \(step.owner) AND epoch = \(step.epoch)
                    AND tenure.timeline_of(\(step.owner)) = (SELECT tenure.current_timeline())
                FOR SHARE
            )
            INSERT INTO tenure.checkpoints AS c (strategy_id, cursor_ms, candles, state, position_e8, cost_e8,
                last_price_e8, pnl_e8, fees_e8, trades_count, version)
            SELECT s.id, \(columns.cursors[0]), \(columns.candles[0]), \(columns.states[0]), \(columns.positions[0]),
                \(columns.costs[0]), \(columns.lastPrices[0]), \(columns.profits[0]), \(columns.fees[0]),
                \(columns.trades[0]), \(columns.versions[0])
            FROM tenure.strategies s JOIN guarded g ON g.id = s.shard
            WHERE s.id = \(step.strategyID)
            -- Changes nothing, but returns the row that is there.
            ON CONFLICT (strategy_id) DO UPDATE SET candles = c.candles
            RETURNING c.cursor_ms, c.candles, c.state, c.last_price_e8, c.reports, c.version AS state_version, c.closed
            """
        )
        return try rows.first.flatMap(checkpoint)
    }

    /// Says that a strategy that was starting runs now.
    package func markRunning(_ strategyID: Int64, shard: Int, owner: Int64, epoch: Int64) async throws {
        try await database.query(
            """
            WITH guarded AS (
                SELECT id FROM tenure.shards
                WHERE id = \(Int32(shard)) AND owner = \(owner) AND epoch = \(epoch)
                    AND tenure.timeline_of(\(owner)) = (SELECT tenure.current_timeline())
                FOR SHARE
            ), running AS (
                UPDATE tenure.strategies SET phase = 'running', last_error = NULL
                WHERE id = \(strategyID) AND shard IN (SELECT id FROM guarded) AND phase = 'starting'
                RETURNING id
            )
            SELECT pg_notify('tenure', 'running ' || id) FROM running
            """
        )
    }

    /// Moves a stopped strategy to the history: its checkpoint goes, its orders and fills stay; paper orders that were still
    /// intended are canceled. False if it is no longer owned under that token, or has been finished already.
    package func finish(_ strategyID: Int64, shard: Int, owner: Int64, epoch: Int64, reason: String) async throws
        -> Bool
    {
        let rows = try await database.query(
            """
            WITH guarded AS (
                SELECT id, epoch FROM tenure.shards
                WHERE id = \(Int32(shard)) AND owner = \(owner) AND epoch = \(epoch)
                    AND tenure.timeline_of(\(owner)) = (SELECT tenure.current_timeline())
                FOR UPDATE
            ), removed AS (
                DELETE FROM tenure.strategies WHERE id = \(strategyID) AND shard IN (SELECT id FROM guarded) RETURNING *
            ), recorded AS (
                INSERT INTO tenure.strategy_history (strategy_id, symbol, strategy_type, exchange, interval, execution,
                    config, started_at, reason, pnl, fees, trades_count, position, candles, restores, last_candle)
                SELECT r.id, r.symbol, r.strategy_type, r.exchange, r.interval, r.execution, r.config, r.started_at,
                    \(reason), coalesce(c.pnl_e8, 0) * 0.00000001, coalesce(c.fees_e8, 0) * 0.00000001,
                    coalesce(c.trades_count, 0), coalesce(c.position_e8, 0) * 0.00000001, coalesce(c.candles, 0),
                    greatest(g.epoch - r.start_epoch, 0), to_timestamp(c.cursor_ms * 0.001)
                FROM removed r JOIN guarded g ON g.id = r.shard
                LEFT JOIN tenure.checkpoints c ON c.strategy_id = r.id
            ), canceled AS (
                UPDATE tenure.orders o
                SET status = 'canceled', status_reason = 'the strategy was stopped', updated_at = clock_timestamp()
                FROM removed r
                WHERE o.strategy_id = r.id AND o.status = 'intended' AND o.execution = 'paper'
            ), counted AS (
                UPDATE tenure.shards s SET strategies = s.strategies - 1 FROM removed r WHERE s.id = r.shard
            ), told AS (
                INSERT INTO tenure.events (kind, strategy_id, replica_id, details)
                SELECT 'stopped', id, \(owner), jsonb_build_object('symbol', symbol, 'reason', \(reason)) FROM removed
            )
            SELECT id, pg_notify('tenure', 'stopped ' || id) FROM removed
            """
        )
        return !rows.isEmpty
    }

    /// Says that a strategy cannot run, and why. It stays in the list until an operator stops or resumes it.
    package func fail(_ strategyID: Int64, shard: Int, owner: Int64, epoch: Int64, error: String) async throws {
        // Whatever a strategy says, the reason must be storable: text cannot hold a zero byte.
        let error = String(error.prefix(2_000)).replacing("\0", with: "")
        try await database.query(
            """
            WITH guarded AS (
                SELECT id FROM tenure.shards
                WHERE id = \(Int32(shard)) AND owner = \(owner) AND epoch = \(epoch)
                    AND tenure.timeline_of(\(owner)) = (SELECT tenure.current_timeline())
                FOR SHARE
            ), failed AS (
                UPDATE tenure.strategies SET phase = 'failed', last_error = \(error)
                WHERE id = \(strategyID) AND shard IN (SELECT id FROM guarded) AND phase <> 'failed'
                RETURNING id, symbol
            ), told AS (
                INSERT INTO tenure.events (kind, strategy_id, replica_id, details)
                SELECT 'failed', id, \(owner), jsonb_build_object('symbol', symbol, 'error', \(error)) FROM failed
            )
            SELECT pg_notify('tenure', 'failed ' || id) FROM failed
            """
        )
    }
}
