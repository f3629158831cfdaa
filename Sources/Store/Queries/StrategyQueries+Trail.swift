import Postgres
import Trading

/// What a strategy left behind: orders, fills, events. Latest first.
extension StrategyQueries {
    package func orders(
        of id: Int64,
        before: ListedOrder.Position? = nil,
        limit: Int
    ) async throws -> Page<ListedOrder, ListedOrder.Position> {
        let from = before.map { PostgresTimestamp(microseconds: $0.createdAtMicroseconds) } ?? .infinity
        let rows = try await database.query(
            """
            SELECT \(raw: ListedOrder.columns) FROM tenure.orders
            WHERE strategy_id = \(id) AND (created_at, client_order_id) < (\(from), \(before?.clientOrderID ?? ""))
            ORDER BY created_at DESC, client_order_id DESC LIMIT \(limit + 1)
            """,
            timeout: timeout
        )
        return Page(found: try rows.map(ListedOrder.init), limit: limit, position: \.position)
    }

    package func fills(
        of id: Int64,
        before: ListedFill.Position? = nil,
        limit: Int
    ) async throws -> Page<ListedFill, ListedFill.Position> {
        let rows = try await database.query(
            """
            SELECT \(raw: ListedFill.columns) FROM tenure.fills
            WHERE strategy_id = \(id)
                AND (time_ms, trade_id) < (\(before?.time.milliseconds ?? Int64.max), \(before?.tradeID ?? ""))
            ORDER BY time_ms DESC, trade_id DESC LIMIT \(limit + 1)
            """,
            timeout: timeout
        )
        return Page(found: try rows.map(ListedFill.init), limit: limit, position: \.position)
    }

    /// - Parameters:
    ///   - id: Of a strategy; of all, and of none, if there is no id.
    ///   - kinds: Only these; nil for all.
    package func events(
        of id: Int64? = nil,
        kinds: [String]? = nil,
        before: Int64? = nil,
        limit: Int
    ) async throws -> Page<ListedEvent, Int64> {
        let ofStrategy = id.map { "strategy_id = \($0) AND" } ?? ""
        let rows = try await database.query(
            """
            SELECT \(raw: ListedEvent.columns) FROM tenure.events
            WHERE \(raw: ofStrategy) id < \(before ?? Int64.max) AND (\(kinds == nil) OR kind = ANY (\(kinds ?? [])))
            ORDER BY id DESC LIMIT \(limit + 1)
            """,
            timeout: timeout
        )
        return Page(found: try rows.map(ListedEvent.init), limit: limit, position: \.id)
    }
}
