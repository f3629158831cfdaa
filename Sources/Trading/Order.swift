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
    /// In quote units, at the fill's own price. Zero if it was paid in a third asset: see ``commission``.
    public let fee: FixedDecimal
    public let time: Timestamp
    /// The fee as the exchange charged it; `nil` on paper.
    public let commission: Commission?

    /// What an exchange charged, in the asset it charged it in.
    public struct Commission: Sendable, Hashable, Codable {
        public enum Kind: String, Sendable, Hashable, Codable {
            /// Kept back from (or added to) what was traded.
            case base
            case quote
            /// Of no consequence for the position; its worth in quote units is not known.
            case other
        }

        public let kind: Kind
        public let asset: String
        public let amount: FixedDecimal

        public init(kind: Kind, asset: String, amount: FixedDecimal) {
            self.kind = kind
            self.asset = asset
            self.amount = amount
        }
    }

    public init(
        orderID: String,
        tradeID: String,
        side: Side,
        price: FixedDecimal,
        quantity: FixedDecimal,
        fee: FixedDecimal,
        time: Timestamp,
        commission: Commission? = nil
    ) {
        self.orderID = orderID
        self.tradeID = tradeID
        self.side = side
        self.price = price
        self.quantity = quantity
        self.fee = fee
        self.time = time
        self.commission = commission
    }

    /// What the exchange kept of the base asset as its fee. Its worth is in ``fee``.
    var baseFee: FixedDecimal {
        guard let commission, commission.kind == .base else { return .zero }
        return commission.amount
    }
}
