/// What a strategy may risk. Entries beyond it are refused; exits never are. `nil`: no limit.
public struct RiskLimits: Sendable, Hashable, Codable {
    /// What one entry may cost, in quote units.
    public var orderValue: FixedDecimal?
    /// What is held may be worth, entries under way included, in quote units.
    public var positionValue: FixedDecimal?
    /// What may be lost in a day (UTC), realised and not, in quote units. Then nothing is opened until the next one.
    public var dailyLoss: FixedDecimal?
    /// Orders within sixty seconds of the market's time.
    public var ordersPerMinute: Int?

    private enum CodingKeys: String, CodingKey {
        case orderValue = "order_value"
        case positionValue = "position_value"
        case dailyLoss = "daily_loss"
        case ordersPerMinute = "orders_per_minute"
    }

    public init(
        orderValue: FixedDecimal? = nil,
        positionValue: FixedDecimal? = nil,
        dailyLoss: FixedDecimal? = nil,
        ordersPerMinute: Int? = nil
    ) {
        self.orderValue = orderValue
        self.positionValue = positionValue
        self.dailyLoss = dailyLoss
        self.ordersPerMinute = ordersPerMinute
    }

    public static let none = RiskLimits()
}
