/// Which way an order trades.
public enum Side: String, Sendable, Hashable, Codable, CaseIterable {
    case buy
    case sell
}

/// What a strategy wants done: an order that has not been journalled or sent yet.
public struct OrderIntent: Sendable, Hashable, Codable {
    /// Whether the order opens or enlarges a position, or reduces one. Entries are what a pause, a halt and catch-up refuse.
    public enum Effect: String, Sendable, Hashable, Codable {
        case entry
        case exit
    }

    public let side: Side
    public let effect: Effect
    /// In base units, above zero.
    public let quantity: FixedDecimal
    /// A few words for people: why (`ema cross`, `stop-loss`).
    public let reason: String

    public init(side: Side, effect: Effect, quantity: FixedDecimal, reason: String) {
        self.side = side
        self.effect = effect
        self.quantity = quantity
        self.reason = reason
    }
}

/// An execution of (a part of) an order.
public struct Fill: Sendable, Hashable, Codable {
    /// The order's client id.
    public let orderID: String
    /// The exchange's id of the trade, unique within (exchange, symbol): a fill is booked once, however often it is seen.
    public let tradeID: String
    public let side: Side
    /// In quote units per base unit.
    public let price: FixedDecimal
    /// In base units.
    public let quantity: FixedDecimal
    /// In quote units.
    public let fee: FixedDecimal
    public let time: Timestamp

    public init(
        orderID: String,
        tradeID: String,
        side: Side,
        price: FixedDecimal,
        quantity: FixedDecimal,
        fee: FixedDecimal,
        time: Timestamp
    ) {
        self.orderID = orderID
        self.tradeID = tradeID
        self.side = side
        self.price = price
        self.quantity = quantity
        self.fee = fee
        self.time = time
    }
}
