package import Trading

/// A strategy that was stopped.
package struct StoppedStrategy: Sendable {
    /// Of the record; the order in which strategies were stopped.
    package let recordID: Int64
    package let strategyID: Int64
    package let symbol: String
    package let exchange: String
    package let strategyType: String
    package let interval: String
    package let execution: String
    /// JSON text.
    package let config: String
    package let startedAt: Timestamp
    package let stoppedAt: Timestamp
    package let reason: String
    package let pnl: FixedDecimal
    package let fees: FixedDecimal
    package let tradesCount: Int64
    /// What was still held, in base units.
    package let position: FixedDecimal
    package let candles: Int64
    package let restores: Int64
    package let lastCandle: Timestamp?
}
