import Store
import Trading

extension RequestFields {
    private static let limits = ["order_value", "position_value", "daily_loss", "orders_per_minute"]
    private static let mostOrders = 6_000

    /// - Parameter usual: What counts for those that are not there. A null is one that is not there.
    mutating func limits(otherwise usual: RiskLimits) -> RiskLimits? {
        guard let members = object("limits")?.filter({ $0.value != .null }) else { return nil }
        let before = problems.count
        for name in members.keys.sorted() where !Self.limits.contains(name) {
            refuse("limits.\(name)", "is not known. Known are: \(Self.limits.joined(separator: ", ")).")
        }
        let limits = RiskLimits(
            orderValue: amount("order_value", members) ?? usual.orderValue,
            positionValue: amount("position_value", members) ?? usual.positionValue,
            dailyLoss: amount("daily_loss", members) ?? usual.dailyLoss,
            ordersPerMinute: count("orders_per_minute", members) ?? usual.ordersPerMinute
        )
        return problems.count == before ? limits : nil
    }

    /// A merge patch: what is not there stays as it is, a null brings the default back.
    mutating func changedLimits(from current: RiskLimits, defaults: RiskLimits) -> RiskLimits? {
        guard let members = object("limits") else { return nil }
        return limits(
            otherwise: RiskLimits(
                orderValue: members["order_value"] == .null ? defaults.orderValue : current.orderValue,
                positionValue: members["position_value"] == .null ? defaults.positionValue : current.positionValue,
                dailyLoss: members["daily_loss"] == .null ? defaults.dailyLoss : current.dailyLoss,
                ordersPerMinute: members["orders_per_minute"] == .null
                    ? defaults.ordersPerMinute : current.ordersPerMinute
            )
        )
    }

    /// What all strategies together may hold. A null takes the limit away, what is not there stays as it is.
    mutating func exposureLimits() -> [Execution: FixedDecimal?] {
        guard let members = object("exposure") else { return [:] }
        var limits: [Execution: FixedDecimal?] = [:]
        for (name, value) in members.sorted(by: { $0.key < $1.key }) {
            guard let execution = Execution(rawValue: name) else {
                refuse("exposure.\(name)", "is not known. Known are: live, paper.")
                continue
            }
            if value == .null {
                limits[execution] = .some(nil)
            } else if let limit = amount(name, members, in: "exposure") {
                limits[execution] = limit
            }
        }
        return limits
    }

    private mutating func amount(
        _ name: String,
        _ members: [String: JSONValue],
        in object: String = "limits"
    ) -> FixedDecimal? {
        guard let value = members[name] else { return nil }
        let text: String? =
            switch value {
            case .string(let text): text
            case .number: value.text
            default: nil
            }
        guard let amount = text.flatMap(FixedDecimal.init), amount.isPositive, amount.int64 != nil else {
            refuse(
                "\(object).\(name)",
                "must be a decimal number above zero, in quote units, as a string like \"1000.50\"."
            )
            return nil
        }
        return amount
    }

    private mutating func count(_ name: String, _ members: [String: JSONValue]) -> Int? {
        guard let value = members[name] else { return nil }
        guard case .number = value, let count = Int(value.text), (1...Self.mostOrders).contains(count) else {
            refuse("limits.\(name)", "must be a whole number from 1 to \(Self.mostOrders).")
            return nil
        }
        return count
    }
}
