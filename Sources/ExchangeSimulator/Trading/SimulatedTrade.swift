import Trading

/// One execution of an order.
struct SimulatedTrade: Sendable, Hashable {
    /// Unique within the symbol.
    let id: Int64
    let orderID: Int64
    let account: Int
    let symbol: Symbol
    let side: Side
    let price: FixedDecimal
    let quantity: FixedDecimal
    let quoteQuantity: FixedDecimal
    let commission: FixedDecimal
    let commissionAsset: String
    let isMaker: Bool
    let time: Timestamp
    /// When it happened, on the server's own clock.
    let acceptedAt: Duration
}
