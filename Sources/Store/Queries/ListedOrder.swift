package import Trading

/// An order of the journal as people see it.
package struct ListedOrder: Sendable {
    /// Where it stands in the list of its strategy's orders.
    package struct Position: Sendable, Hashable {
        package let createdAtMicroseconds: Int64
        package let clientOrderID: String

        package init(createdAtMicroseconds: Int64, clientOrderID: String) {
            self.createdAtMicroseconds = createdAtMicroseconds
            self.clientOrderID = clientOrderID
        }
    }

    package let clientOrderID: String
    package let strategyID: Int64
    package let exchange: String
    package let symbol: String
    package let execution: String
    package let side: String
    package let effect: String
    package let quantity: FixedDecimal
    package let filledQuantity: FixedDecimal
    package let reason: String
    package let status: String
    package let statusReason: String?
    /// Open time of the candle that it was decided on.
    package let decidedOn: Timestamp
    package let shard: Int
    package let epoch: Int64
    package let exchangeOrderID: String?
    package let createdAt: Timestamp
    package let updatedAt: Timestamp
    package let position: Position
}
