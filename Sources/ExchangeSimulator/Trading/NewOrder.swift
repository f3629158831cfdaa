import Trading

/// An order as it was asked for, complete and in itself sensible.
struct NewOrder: Sendable, Hashable {
    enum ResponseType: String, Sendable, Hashable {
        case acknowledgement = "ACK"
        case result = "RESULT"
        case full = "FULL"
    }

    /// How much to trade.
    enum Amount: Sendable, Hashable {
        /// In base units.
        case quantity(FixedDecimal)
        /// In quote units, to be spent or received; market orders only.
        case quote(FixedDecimal)
    }

    var symbol: Symbol
    var side: Side
    var type: OrderType
    var amount: Amount
    /// In quote units; zero for a market order.
    var price: FixedDecimal
    var timeInForce: TimeInForce
    /// `nil`: the exchange makes one up.
    var clientOrderID: String?
    var responseType: ResponseType

    var quantity: FixedDecimal? { if case .quantity(let quantity) = amount { quantity } else { nil } }
}
