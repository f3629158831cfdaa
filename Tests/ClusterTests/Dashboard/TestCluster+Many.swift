extension TestCluster {
    /// Ten thousand strategies as they are stored, spread over all shards: running, paused, failed; on paper and live; half of
    /// them hold something.
    func makeMany() async throws {
        _ = try await sql(
            """
            WITH made AS (
                INSERT INTO tenure.strategies (symbol, exchange, strategy_type, interval, execution, config, shard, start_epoch,
                    phase, paused, last_error, started_at)
                SELECT 'MANY' || n || 'USDT', 'binance', CASE WHEN n % 3 = 0 THEN 'breakout' ELSE 'scalp' END, '1m',
                    CASE WHEN n % 10 = 0 THEN 'live' ELSE 'paper' END, '{}', h.id, h.epoch,
                    CASE WHEN n % 20 = 7 THEN 'failed' ELSE 'running' END, n % 20 = 9,
                    CASE WHEN n % 20 = 7 THEN 'the exchange refused: MARKET_LOT_SIZE' END, now() - n * interval '1 minute'
                FROM generate_series(1, 10000) n JOIN tenure.shards h ON h.id = n % 1024
                RETURNING id, shard
            ), counted AS (
                UPDATE tenure.shards h SET strategies = strategies + m.number
                FROM (SELECT shard, count(*) AS number FROM made GROUP BY shard) m WHERE m.shard = h.id
            )
            INSERT INTO tenure.checkpoints (strategy_id, cursor_ms, candles, state, position_e8, cost_e8, last_price_e8, pnl_e8,
                fees_e8, trades_count, exposure_e8, day_ms, day_equity_e8)
            SELECT id, extract(epoch FROM now())::bigint * 1000, 1000 + id, '{}', id % 2 * id * 1000000, id % 2 * id * 2000000,
                210000000, (id % 201 - 100) * 12345678, id * 1234, id % 500, id % 2 * id * 2000000,
                extract(epoch FROM date_trunc('day', now()))::bigint * 1000, (id % 101 - 50) * 1000000
            FROM made
            """
        )
    }

    /// What the overview must show of them, by execution, as JSON: counted from what is stored, by nothing that the server uses.
    func totals() async throws -> String {
        try await sql(
            """
            SELECT json_object_agg(execution, json_build_object('Open exposure', trim_scale(worth)::text,
                'Unrealised', trim_scale(worth - cost)::text, 'Realised, net of fees', trim_scale(pnl)::text,
                'Fees', trim_scale(fees)::text, 'Today', trim_scale(pnl + worth - cost - morning)::text))
            FROM (
                SELECT s.execution, sum(c.position_e8::numeric * c.last_price_e8) / 1e16 AS worth, sum(c.cost_e8) / 1e8 AS cost,
                    sum(c.pnl_e8) / 1e8 AS pnl, sum(c.fees_e8) / 1e8 AS fees, sum(c.day_equity_e8) / 1e8 AS morning
                FROM tenure.checkpoints c JOIN tenure.strategies s ON s.id = c.strategy_id GROUP BY 1
            ) sums
            """
        )
    }
}
