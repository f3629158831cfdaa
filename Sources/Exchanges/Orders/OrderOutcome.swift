/// What became of an attempt to place an order. Every attempt has exactly one; none is ever tried again here.
package enum OrderOutcome: Sendable, Hashable {
    case accepted(ExchangeOrder)
    /// The exchange refused it, for certain.
    case rejected(OrderRejection)
    /// There is an open order with this client id: an earlier attempt of the same decision got through.
    case duplicate
    /// It never left this machine.
    case notSent(reason: String)
    /// It may have been accepted or not: only the exchange's own books tell. The order is in doubt.
    case unknown(reason: String)
}

/// What became of an attempt to cancel an order.
package enum CancelOutcome: Sendable, Hashable {
    case canceled(ExchangeOrder)
    /// It is not open: filled or cancelled already, or it never was.
    case notOpen
    case rejected(OrderRejection)
    case notSent(reason: String)
    case unknown(reason: String)
}

/// A refusal that is certain: nothing was done.
package struct OrderRejection: Sendable, Hashable {
    package enum Reason: String, Sendable, Hashable {
        case insufficientBalance
        /// A rule of the market is broken; the message names it.
        case filter
        /// The request came outside its window: too late, or the clocks differ.
        case outsideWindow
        /// Wrong or unknown key or signature, or the key may not trade.
        case unauthorized
        /// Too many requests or orders.
        case rateLimited
        case marketClosed
        case unknownSymbol
        /// The request is wrong in itself.
        case invalid
        /// Anything else that the exchange refuses.
        case other
    }

    package let reason: Reason
    /// The exchange's own code (Binance: −2010, −1013, …), if it gave one.
    package let code: Int?
    package let message: String
}
