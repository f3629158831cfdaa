package import Trading

/// A trade of a strategy as people see it.
package struct ListedFill: Sendable {
    /// Where it stands in the list of its strategy's fills.
    package struct Position: Sendable, Hashable {
        package let time: Timestamp
        package let tradeID: String

        package init(time: Timestamp, tradeID: String) {
            self.time = time
            self.tradeID = tradeID
        }
    }

    package let tradeID: String
    package let clientOrderID: String
    package let strategyID: Int64
    package let exchange: String
    package let symbol: String
    package let side: String
    package let price: FixedDecimal
    package let quantity: FixedDecimal
    /// In the quote asset; nothing if it was paid in a third one.
    package let fee: FixedDecimal
    /// As the exchange charged it; nil on paper.
    package let commission: FixedDecimal?
    package let commissionAsset: String?
    package let time: Timestamp

    package var position: Position { Position(time: time, tradeID: tradeID) }
}
