package import Trading

/// A strategy that was stopped before this program kept the books.
package struct EarlierStop: Sendable, Hashable {
    package let symbol: Symbol
    package let strategyType: String
    package let startedAt: Timestamp
    package let stoppedAt: Timestamp
    package let reason: String
    package let pnl: FixedDecimal
    package let tradesCount: Int64

    package init(
        symbol: Symbol,
        strategyType: String,
        startedAt: Timestamp,
        stoppedAt: Timestamp,
        reason: String,
        pnl: FixedDecimal,
        tradesCount: Int64
    ) {
        self.symbol = symbol
        self.strategyType = strategyType
        self.startedAt = startedAt
        self.stoppedAt = stoppedAt
        self.reason = reason
        self.pnl = pnl
        self.tradesCount = tradesCount
    }
}
