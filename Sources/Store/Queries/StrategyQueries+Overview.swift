import Postgres
import Trading

extension StrategyQueries {
    package func overview() async throws -> Overview {
        let rows = try await database.read(
            """
            WITH active AS MATERIALIZED (
                SELECT a.id, a.status, a.execution, a.position, a.pnl, a.unrealized_pnl, a.fees,
                    coalesce(round(c.position_e8::numeric * c.last_price_e8 * 0.0000000000000001, 8), 0) AS exposure,
                    CASE WHEN c.day_ms IS NULL THEN 0 ELSE a.pnl + a.unrealized_pnl - c.day_equity_e8 * 0.00000001 END AS today
                FROM tenure.active_strategies a LEFT JOIN tenure.checkpoints c ON c.strategy_id = a.id
            ), books AS (
                SELECT execution, count(*) AS strategies, count(*) FILTER (WHERE position <> 0) AS holding,
                    sum(exposure) AS exposure, sum(pnl) AS pnl, sum(unrealized_pnl) AS unrealized, sum(fees) AS fees, sum(today) AS today
                FROM active GROUP BY execution
            ), under_way AS (
                SELECT execution, count(*) AS orders,
                    -- Sent, not answered, and too late to be accepted any more: nobody knows yet what became of it.
                    count(*) FILTER (WHERE status = 'intended'
                        AND signed_at_ms + receive_window_ms < extract(epoch FROM clock_timestamp()) * 1000) AS doubtful
                FROM tenure.orders
                WHERE status IN ('intended', 'acknowledged', 'partially_filled') GROUP BY execution
            )
            SELECT clock_timestamp() AS at, NULL AS status, execution, b.strategies, b.holding, b.exposure, b.pnl,
                b.unrealized, b.fees, coalesce(u.orders, 0) AS orders, coalesce(u.doubtful, 0), b.today
            FROM books b LEFT JOIN under_way u USING (execution)
            UNION ALL
            SELECT clock_timestamp(), status, '', count(*), 0, 0, 0, 0, 0, 0, 0, 0 FROM active GROUP BY status
            UNION ALL
            SELECT clock_timestamp(), NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0
            ORDER BY execution
            """,
            timeout: timeout
        )
        var at = Timestamp(milliseconds: 0)
        var statuses: [StrategyStatus: Int64] = [:]
        var books: [Overview.Book] = []
        for row in rows {
            let (
                now, status, execution, strategies, holding, exposure, pnl, unrealized, fees, orders, doubtful, today
            ) =
                try row.decode(
                    PostgresTimestamp.self,
                    StrategyStatus?.self,
                    String?.self,
                    Int64.self,
                    Int64.self,
                    DecimalColumn.self,
                    DecimalColumn.self,
                    DecimalColumn.self,
                    DecimalColumn.self,
                    Int64.self,
                    Int64.self,
                    DecimalColumn.self
                )
            at = now.timestamp
            if let status {
                statuses[status] = strategies
            } else if let execution {
                books.append(
                    Overview.Book(
                        execution: execution,
                        strategies: strategies,
                        holding: holding,
                        exposure: exposure.value,
                        pnl: pnl.value,
                        pnlToday: today.value,
                        unrealizedPnL: unrealized.value,
                        fees: fees.value,
                        ordersUnderWay: orders,
                        ordersInDoubt: doubtful
                    )
                )
            }
        }
        return Overview(at: at, statuses: statuses, books: books)
    }
}
