package import Trading

/// An order as it is to be sent: everything that is signed is decided before.
package struct OrderRequest: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case market
        case limit(price: FixedDecimal, TimeInForce)
    }

    /// What becomes of what is not filled at once; raw values are the exchange's.
    package enum TimeInForce: String, Sendable, Hashable {
        case goodTillCanceled = "GTC"
        case immediateOrCancel = "IOC"
        case fillOrKill = "FOK"
    }

    package let symbol: Symbol
    package let side: Side
    package let kind: Kind
    /// In base units.
    package let quantity: FixedDecimal
    package let clientOrderID: String
    /// When it was decided, by the exchange's clock. Signed as it is, however late the request leaves.
    package let signedAt: Timestamp
    /// How long after that the exchange still accepts it, in milliseconds; at most 60000.
    package let receiveWindow: Int64

    package init(
        symbol: Symbol,
        side: Side,
        kind: Kind,
        quantity: FixedDecimal,
        clientOrderID: String,
        signedAt: Timestamp,
        receiveWindow: Int64
    ) {
        self.symbol = symbol
        self.side = side
        self.kind = kind
        self.quantity = quantity
        self.clientOrderID = clientOrderID
        self.signedAt = signedAt
        self.receiveWindow = receiveWindow
    }
}
