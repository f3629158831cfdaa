import Trading

extension RiskLimits {
    /// Those that there are.
    func write(to json: inout JSONWriter) {
        json.object { json in
            if let orderValue { json.member("order_value", orderValue) }
            if let positionValue { json.member("position_value", positionValue) }
            if let dailyLoss { json.member("daily_loss", dailyLoss) }
            if let ordersPerMinute { json.member("orders_per_minute", ordersPerMinute) }
        }
    }
}
