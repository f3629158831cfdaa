/// Which active strategies are wanted; nothing set is all of them.
package struct StrategySelection: Sendable, Hashable {
    /// A part of the symbol, the mode or the owner's name, in any case of letters.
    package var text: String?
    package var status: StrategyStatus?
    package var mode: String?
    package var execution: Execution?
    /// The id of a replica.
    package var owner: Int64?

    package init(
        text: String? = nil,
        status: StrategyStatus? = nil,
        mode: String? = nil,
        execution: Execution? = nil,
        owner: Int64? = nil
    ) {
        self.text = text
        self.status = status
        self.mode = mode
        self.execution = execution
        self.owner = owner
    }
}

/// What active strategies can be sorted by.
package enum StrategySorting: String, Sendable, Hashable, CaseIterable {
    case symbol
    case mode
    case status
    case owner
    case position
    case exposure
    case pnl
    case unrealizedPnL = "unrealized_pnl"
    case today = "pnl_today"
    case trades = "trades_count"
    case lastCandle = "last_candle"
    case started = "started_at"

    /// The column, or what stands for it.
    var column: String {
        switch self {
        case .symbol, .status, .position, .exposure, .pnl: rawValue
        case .unrealizedPnL, .today, .trades, .lastCandle, .started: rawValue
        case .mode: "strategy_type"
        case .owner: "owner_name"
        }
    }
}
