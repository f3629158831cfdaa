import Postgres
package import Trading

/// What a strategy left behind: orders, fills, events. Latest first.
extension StrategyQueries {
    package func orders(
        of id: Int64,
        before: ListedOrder.Position? = nil,
        limit: Int
    ) async throws -> Page<ListedOrder, ListedOrder.Position> {
        let from = before.map { PostgresTimestamp(microseconds: $0.createdAtMicroseconds) } ?? .infinity
        let rows = try await database.read(
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
        let rows = try await database.read(
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

    /// What the mode of an active strategy keeps from one candle to the next, as of its last checkpoint; nil if there is none.
    package func state(of id: Int64) async throws -> JSONValue? {
        let rows = try await database.read(
            "SELECT state FROM tenure.checkpoints WHERE strategy_id = \(id)",
            timeout: timeout
        )
        // The run wraps the mode's text in its own; what another version wrote may look different, and is not shown.
        guard let text = try rows.first?.decode(String.self), case .object(let run)? = try? JSONValue(text: text),
            case .string(let state)? = run["strategy"]
        else { return nil }
        return try? JSONValue(text: state)
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
        let rows = try await database.read(
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
