import Trading

/// What was traded at one moment, as a trade stream tells it.
struct MarketTrade: Sendable, Hashable {
    /// Rises with time; unique within a symbol.
    let id: Int64
    let time: Timestamp
    let price: FixedDecimal
    let quantity: FixedDecimal
    /// Between which prices it was traded.
    let low: FixedDecimal
    let high: FixedDecimal
    /// Whether the taker sold.
    let isBuyerMaker: Bool
}
