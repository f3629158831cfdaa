package import Trading

/// An active strategy as people see it.
package struct ActiveStrategy: Sendable {
    package let id: Int64
    package let symbol: String
    package let exchange: String
    package let strategyType: String
    package let interval: String
    package let execution: String
    /// JSON text.
    package let config: String
    package let status: StrategyStatus
    package let startedAt: Timestamp
    package let lastActive: Timestamp
    package let owner: Owner?
    package let shard: Int
    package let epoch: Int64
    /// How often it was taken over since it started.
    package let restores: Int64
    /// In base units.
    package let position: FixedDecimal
    /// What the position is worth at the last price seen, in quote units.
    package let exposure: FixedDecimal
    package let pnl: FixedDecimal
    package let unrealizedPnL: FixedDecimal
    package let fees: FixedDecimal
    package let tradesCount: Int64
    /// Candles processed since the start.
    package let candles: Int64
    /// Open time of the last candle processed.
    package let lastCandle: Timestamp?
    package let lastError: String?
    /// JSON text.
    package let limits: String
    /// What keeps it from opening something.
    package let limitReached: ReachedLimit?
    /// Since midnight (UTC) of the day of the last candle, realised and not, in quote units.
    package let pnlToday: FixedDecimal
    /// Of the config and the limits: plus one at every change.
    package let version: Int64
    /// The one that its owner runs; 0 if it has not run yet.
    package let appliedVersion: Int64
    /// The number of the last wish to close its position; 0 if there was none.
    package let closing: Int64
    /// Up to which of them all have been dealt with.
    package let closed: Int64
}
