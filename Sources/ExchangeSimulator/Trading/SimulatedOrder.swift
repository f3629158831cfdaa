import Trading

/// An order that was accepted, and what has become of it.
struct SimulatedOrder: Sendable {
    /// Unique within the symbol.
    let id: Int64
    let account: Int
    let symbol: Symbol
    let side: Side
    let type: OrderType
    let timeInForce: TimeInForce
    let clientOrderID: String
    /// In base units; of an order in quote units what it traded.
    let quantity: FixedDecimal
    /// In quote units, for an order that was given so; else zero.
    let quoteQuantity: FixedDecimal
    let price: FixedDecimal
    /// The exchange's clock when it was accepted.
    let time: Timestamp
    /// Market time then.
    let placedAt: Timestamp
    /// When it was accepted, on the server's own clock.
    let acceptedAt: Duration

    var status = OrderStatus.new
    var executed: FixedDecimal = .zero
    /// In quote units.
    var executedQuote: FixedDecimal = .zero
    /// What is kept for it, in what it pays with.
    var locked: FixedDecimal = .zero
    var updateTime: Timestamp
    var expiryReason: String?

    var remaining: FixedDecimal { quantity - executed }
}
