package import Trading

/// What a strategy would have done on paper, in quote units. Only what was sold again is a trade; what it still held at the end
/// counts in the profit at the last price.
package struct ReplayReport: Sendable, Equatable {
    /// From an empty position to the next one.
    package struct Trade: Sendable, Equatable {
        package var entryTime: Timestamp
        /// Average prices.
        package var entryPrice: FixedDecimal
        package var exitTime: Timestamp
        package var exitPrice: FixedDecimal
        /// All that was bought, in base units.
        package var quantity: FixedDecimal
        /// After fees.
        package var pnl: FixedDecimal
        package var fees: FixedDecimal
        /// Of the last exit.
        package var reason: String

        package init(
            entryTime: Timestamp,
            entryPrice: FixedDecimal,
            exitTime: Timestamp,
            exitPrice: FixedDecimal,
            quantity: FixedDecimal,
            pnl: FixedDecimal,
            fees: FixedDecimal,
            reason: String
        ) {
            self.entryTime = entryTime
            self.entryPrice = entryPrice
            self.exitTime = exitTime
            self.exitPrice = exitPrice
            self.quantity = quantity
            self.pnl = pnl
            self.fees = fees
            self.reason = reason
        }
    }

    /// What it had earned when a candle closed, realised and not.
    package struct Equity: Sendable, Equatable {
        package let time: Timestamp
        package let value: FixedDecimal

        package init(time: Timestamp, value: FixedDecimal) {
            self.time = time
            self.value = value
        }
    }

    /// Open time of the first candle, and close time of the last; nil if the exchange has none.
    package var from: Timestamp?
    package var to: Timestamp?
    /// Those that it acted on.
    package var candles = 0
    package var trades: [Trade] = []
    package var pnl: FixedDecimal = .zero
    package var fees: FixedDecimal = .zero
    package var wins = 0
    /// How far it fell below its own highest point.
    package var maxDrawdown: FixedDecimal = .zero
    /// What the largest entry would have earned, bought at the first open and sold at the last close, with fees. Nil if it
    /// entered nothing.
    package var buyAndHold: FixedDecimal?
    /// At most ``mostPoints``, the last candle's included.
    package var equity: [Equity] = []

    package static let mostPoints = 500

    package init() {}
}
