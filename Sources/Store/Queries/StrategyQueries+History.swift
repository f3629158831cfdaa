import Postgres
import Trading

extension StrategyQueries {
    /// The stopped strategies, latest first.
    ///
    /// - Parameter before: The record id of the last one of the page before.
    package func history(
        _ selection: HistorySelection = HistorySelection(),
        before: Int64? = nil,
        limit: Int
    ) async throws -> Page<StoppedStrategy, Int64> {
        let rows = try await database.read(
            history(
                "SELECT \(StoppedStrategy.columns)",
                selection,
                before: before ?? Int64.max,
                "ORDER BY id DESC LIMIT \(limit + 1)"
            ),
            timeout: timeout
        )
        return Page(found: try rows.map(StoppedStrategy.init), limit: limit, position: \.recordID)
    }

    /// Of all of them. It reads them all: ask when somebody wants to know, not all the time.
    package func historyTotals(_ selection: HistorySelection = HistorySelection()) async throws -> HistoryTotals {
        let rows = try await database.read(
            history(
                """
                SELECT count(*), coalesce(sum(trades_count), 0)::bigint, coalesce(sum(fees), 0), coalesce(sum(pnl), 0)
                """,
                selection,
                before: Int64.max,
                ""
            ),
            timeout: timeout
        )
        guard let row = rows.first else { preconditionFailure("an aggregate has one row") }
        let (strategies, trades, fees, pnl) = try row.decode(
            Int64.self,
            Int64.self,
            DecimalColumn.self,
            DecimalColumn.self
        )
        return HistoryTotals(strategies: strategies, trades: trades, fees: fees.value, pnl: pnl.value)
    }

    private func history(
        _ columns: String,
        _ selection: HistorySelection,
        before: Int64,
        _ order: String
    ) -> PostgresStatement {
        let since = selection.since.map { PostgresTimestamp(microseconds: $0.milliseconds * 1_000) }
        let until = selection.until.map { PostgresTimestamp(microseconds: $0.milliseconds * 1_000) } ?? .infinity
        // Two statements, because each has an index of its own.
        return if let symbol = selection.symbol {
            """
            \(raw: columns) FROM tenure.strategy_history
            WHERE symbol = \(symbol.name) AND id < \(before)
                AND strategy_type = coalesce(\(selection.mode as String?), strategy_type)
                AND stopped_at >= coalesce(\(since as PostgresTimestamp?), stopped_at) AND stopped_at < \(until)
            \(raw: order)
            """
        } else {
            """
            \(raw: columns) FROM tenure.strategy_history
            WHERE id < \(before)
                AND strategy_type = coalesce(\(selection.mode as String?), strategy_type)
                AND stopped_at >= coalesce(\(since as PostgresTimestamp?), stopped_at) AND stopped_at < \(until)
            \(raw: order)
            """
        }
    }
}
