package import Trading

/// An execution of (a part of) an order, as the exchange tells it.
package struct ExchangeTrade: Sendable, Hashable {
    package let symbol: Symbol
    /// Unique within the symbol: however a trade becomes known, it has this id.
    package let id: Int64
    package let orderID: Int64
    package let side: Side
    /// In quote units.
    package let price: FixedDecimal
    /// In base units.
    package let quantity: FixedDecimal
    package let commission: FixedDecimal
    /// In what the commission was paid: the base, the quote, or a third asset.
    package let commissionAsset: String
    package let time: Timestamp
}
