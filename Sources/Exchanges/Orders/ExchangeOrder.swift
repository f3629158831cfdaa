package import Trading

/// An order as the exchange knows it.
package struct ExchangeOrder: Sendable, Hashable {
    package enum Status: String, Sendable, Hashable {
        case new = "NEW"
        case partiallyFilled = "PARTIALLY_FILLED"
        case filled = "FILLED"
        case canceled = "CANCELED"
        case rejected = "REJECTED"
        case expired = "EXPIRED"
        /// Expired because it would have traded with another order of the same account.
        case expiredInMatch = "EXPIRED_IN_MATCH"

        /// Whether it may still be filled.
        package var isOpen: Bool { self == .new || self == .partiallyFilled }
    }

    package let symbol: Symbol
    /// Unique within the symbol.
    package let id: Int64
    package let clientOrderID: String
    package let side: Side
    package let status: Status
    /// In base units.
    package let quantity: FixedDecimal
    /// In quote units; zero for a market order.
    package let price: FixedDecimal
    /// How much of the quantity has been filled.
    package let executed: FixedDecimal
    /// What that was worth, in quote units; `nil` if the exchange does not know any more.
    package let executedQuote: FixedDecimal?
    /// When it was accepted.
    package let time: Timestamp
    /// Its fills, as far as the answer tells them: those of a new order, none with a query.
    package let trades: [ExchangeTrade]
}
