import Postgres
import Store
import Trading

/// All that a strategy left behind.
struct StoredRun: Sendable {
    struct Write: Sendable {
        let cursor: Int64
        let candles: Int
    }

    struct Order: Sendable, Equatable {
        let side: String
        let effect: String
        let quantity: Int64
        let reason: String
        var status: String
        var statusReason: String?
        let decidedOn: Int64
    }

    struct BookedFill: Sendable, Equatable {
        let orderID: String
        let side: String
        let price: Int64
        let quantity: Int64
        let fee: Int64
        let time: Int64
        /// As the exchange charged it; none on paper.
        let commission: Int64?
        let commissionAsset: String?
    }

    let id: Int64
    let symbol: Symbol
    let mode: String
    let interval: Interval
    let config: JSONValue
    let isActive: Bool
    let isLive: Bool
    /// Where it began.
    let first: Checkpoint
    /// Every checkpoint that was committed, in order.
    let writes: [Write]
    /// The last state; only of an active one.
    let state: String?
    let position: Int64
    let pnl: Int64
    let trades: Int
    /// By client order id.
    let orders: [String: Order]
    /// By trade id.
    let fills: [String: BookedFill]
}

extension StoredRun {
    /// Every strategy that ever made a step.
    static func all(_ database: PostgresConnection) async throws -> [StoredRun] {
        let rows = try await database.query(
            """
            SELECT s.id, s.symbol, s.mode, s.interval, s.config, s.active, s.execution, c.state, s.position_e8, s.pnl_e8, s.trades,
                w.cursor_ms AS first_cursor, w.candles AS first_candles, w.state AS first_state,
                w.last_price_e8 AS first_price
            FROM (
                SELECT s.id, symbol, strategy_type AS mode, interval, config::text, true AS active, execution,
                    coalesce(c.position_e8, 0) AS position_e8, coalesce(c.pnl_e8, 0) AS pnl_e8,
                    coalesce(c.trades_count, 0) AS trades
                FROM tenure.strategies s LEFT JOIN tenure.checkpoints c ON c.strategy_id = s.id
                UNION ALL
                SELECT strategy_id, symbol, strategy_type, interval, config::text, false, execution,
                    (position * 100000000)::bigint, (pnl * 100000000)::bigint, trades_count
                FROM tenure.strategy_history
            ) AS s
            JOIN nemesis.writes w ON w.strategy = s.id AND w.state IS NOT NULL
            LEFT JOIN tenure.checkpoints c ON c.strategy_id = s.id
            ORDER BY s.id
            """
        )
        var runs: [StoredRun] = []
        for row in rows { runs.append(try await run(row, database)) }
        return runs
    }

    private static func run(_ row: PostgresRow, _ database: PostgresConnection) async throws -> StoredRun {
        let id = try row.decode("id", as: Int64.self)
        guard let symbol = Symbol(try row.decode("symbol", as: String.self)),
            let interval = Interval(rawValue: try row.decode("interval", as: String.self))
        else { throw NemesisError("strategy \(id) cannot be read") }
        return StoredRun(
            id: id,
            symbol: symbol,
            mode: try row.decode("mode", as: String.self),
            interval: interval,
            config: try JSONValue(text: try row.decode("config", as: String.self)),
            isActive: try row.decode("active", as: Bool.self),
            isLive: try row.decode("execution", as: String.self) == "live",
            first: Checkpoint(
                cursor: Timestamp(milliseconds: try row.decode("first_cursor", as: Int64.self)),
                candles: try row.decode("first_candles", as: Int.self),
                state: try row.decode("first_state", as: String.self),
                position: Position(),
                lastPrice: FixedDecimal(int64: try row.decode("first_price", as: Int64.self))
            ),
            writes: try await writes(of: id, database),
            state: try row.decode("state", as: String?.self),
            position: try row.decode("position_e8", as: Int64.self),
            pnl: try row.decode("pnl_e8", as: Int64.self),
            trades: try row.decode("trades", as: Int.self),
            orders: try await orders(of: id, database),
            fills: try await fills(of: id, database)
        )
    }

    private static func writes(of id: Int64, _ database: PostgresConnection) async throws -> [Write] {
        try await database.query(
            "SELECT cursor_ms, candles FROM nemesis.writes WHERE strategy = \(id) AND kind = 'checkpoints' ORDER BY n"
        ).map { row in
            let (cursor, candles) = try row.decode(Int64.self, Int.self)
            return Write(cursor: cursor, candles: candles)
        }
    }

    private static func orders(of id: Int64, _ database: PostgresConnection) async throws -> [String: Order] {
        let rows = try await database.query(
            """
            SELECT client_order_id, side, effect, quantity_e8, reason, status, status_reason, decided_on_ms
            FROM tenure.orders WHERE strategy_id = \(id)
            """
        )
        var orders: [String: Order] = [:]
        for row in rows {
            let (name, side, effect, quantity, reason, status, statusReason, decidedOn) = try row.decode(
                String.self,
                String.self,
                String.self,
                Int64.self,
                String.self,
                String.self,
                String?.self,
                Int64.self
            )
            orders[name] = Order(
                side: side,
                effect: effect,
                quantity: quantity,
                reason: reason,
                status: status,
                statusReason: statusReason,
                decidedOn: decidedOn
            )
        }
        return orders
    }

    private static func fills(of id: Int64, _ database: PostgresConnection) async throws -> [String: BookedFill] {
        let rows = try await database.query(
            """
            SELECT trade_id, client_order_id, side, price_e8, quantity_e8, fee_e8, time_ms, commission_e8, commission_asset
            FROM tenure.fills WHERE strategy_id = \(id)
            """
        )
        var fills: [String: BookedFill] = [:]
        for row in rows {
            let (name, order, side, price, quantity, fee, time, commission, asset) = try row.decode(
                String.self,
                String.self,
                String.self,
                Int64.self,
                Int64.self,
                Int64.self,
                Int64.self,
                Int64?.self,
                String?.self
            )
            fills[name] = BookedFill(
                orderID: order,
                side: side,
                price: price,
                quantity: quantity,
                fee: fee,
                time: time,
                commission: commission,
                commissionAsset: asset
            )
        }
        return fills
    }
}
