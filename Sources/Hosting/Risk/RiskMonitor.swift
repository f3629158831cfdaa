package import Trading

/// Watches one strategy's limits: a value, a part of the strategy's state. Time is the market's, so that the same candles lead to
/// the same refusals wherever they are processed.
package struct RiskMonitor: Sendable, Hashable, Codable {
    package enum Limit: String, Sendable, Hashable, Codable, CaseIterable {
        case orderValue = "order_value"
        case positionValue = "position_value"
        case dailyLoss = "daily_loss"
        case ordersPerMinute = "orders_per_minute"
        /// Of all strategies together: the database says when it is reached.
        case exposure
    }

    /// A limit that keeps something from being opened.
    package struct Breach: Sendable, Hashable, Codable {
        package let limit: Limit
        /// For people: what is beyond what.
        package let message: String
    }

    /// An entry that is to be judged.
    package struct Entry: Sendable, Hashable {
        package let value: FixedDecimal
        /// What is held and what entries under way may add to it, at the present price.
        package let exposure: FixedDecimal

        package init(value: FixedDecimal, exposure: FixedDecimal) {
            self.value = value
            self.exposure = exposure
        }
    }

    private static let day: Int64 = 86_400_000
    private static let minute: Int64 = 60_000

    /// The day (UTC) that is being counted.
    package private(set) var dayStart: Timestamp?
    /// What the strategy had earned when it began, realised and not.
    package private(set) var dayEquity: FixedDecimal = .zero
    private var lastEquity: FixedDecimal = .zero
    private var hasLostTooMuch = false
    /// Orders of the last minute, oldest first. Only as many as the limit needs.
    private var orders: [Timestamp] = []
    /// What kept something from being opened; `nil` once something was opened again.
    package private(set) var reached: Breach?

    package init() {}

    /// What the strategy has earned by now, realised and not, at a moment of the market. Moments do not run backwards; one that does
    /// counts as the last one.
    package mutating func observe(_ equity: FixedDecimal, at time: Timestamp, _ limits: RiskLimits) {
        let start = Timestamp(milliseconds: time.milliseconds - time.milliseconds % Self.day)
        if dayStart.map({ start > $0 }) ?? true {
            // From where the day before ended, whatever happened in between.
            dayStart = start
            dayEquity = lastEquity
            hasLostTooMuch = false
            if reached?.limit == .dailyLoss { reached = nil }
        }
        lastEquity = equity
        guard !hasLostTooMuch, let limit = limits.dailyLoss, dayEquity - equity >= limit else { return }
        hasLostTooMuch = true
        reached = breach(of: limit)
    }

    /// Whether an entry may leave now; and if not, why.
    package mutating func judge(_ entry: Entry, at time: Timestamp, _ limits: RiskLimits) -> Breach? {
        reached = breach(by: entry, at: time, limits)
        return reached
    }

    /// All strategies together would hold too much with this entry.
    package mutating func refuseForExposure(_ entry: Entry) -> Breach {
        let breach = Breach(
            limit: .exposure,
            message: "with an order of \(entry.value) all strategies together would hold more than they may"
        )
        reached = breach
        return breach
    }

    /// An order leaves: an entry or an exit.
    package mutating func note(orderAt time: Timestamp, _ limits: RiskLimits) {
        guard let limit = limits.ordersPerMinute else { return }
        orders.append(time)
        if orders.count > limit { orders.removeFirst(orders.count - limit) }
    }

    private func breach(by entry: Entry, at time: Timestamp, _ limits: RiskLimits) -> Breach? {
        if hasLostTooMuch, let limit = limits.dailyLoss { return breach(of: limit) }
        if let limit = limits.orderValue, entry.value > limit {
            return Breach(limit: .orderValue, message: "an order of \(entry.value) is above \(limit)")
        }
        if let limit = limits.positionValue, entry.exposure + entry.value > limit {
            return Breach(
                limit: .positionValue,
                message: "a position of \(entry.exposure + entry.value) would be above \(limit)"
            )
        }
        if let limit = limits.ordersPerMinute, orders.count(where: { time.since($0) < Self.minute }) >= limit {
            return Breach(limit: .ordersPerMinute, message: "\(limit) orders have left within a minute")
        }
        return nil
    }

    private func breach(of dailyLoss: FixedDecimal) -> Breach {
        Breach(
            limit: .dailyLoss,
            message: "today's loss has come to \(dailyLoss): nothing is opened until the next day (UTC)"
        )
    }
}
