import Trading

extension TradingAccount {
    /// As `GET /api/v3/account` tells it.
    func json(id: Int, omitsZeros: Bool) -> String {
        let list = balances.sorted { $0.key < $1.key }.filter { !omitsZeros || !$0.value.total.isZero }
            .map { asset, balance in
                "{\"asset\":\"\(asset)\",\"free\":\"\(balance.free.padded)\",\"locked\":\"\(balance.locked.padded)\"}"
            }
        let (maker, taker) = (configuration.makerRate, configuration.takerRate)
        func points(_ rate: FixedDecimal) -> String { (rate * FixedDecimal(10_000)).description }
        return "{\"makerCommission\":\(points(maker)),\"takerCommission\":\(points(taker)),\"buyerCommission\":0,"
            + "\"sellerCommission\":0,\"commissionRates\":{\"maker\":\"\(maker.padded)\",\"taker\":\"\(taker.padded)\","
            + "\"buyer\":\"0.00000000\",\"seller\":\"0.00000000\"},"
            + "\"canTrade\":\(configuration.permissions.contains(.trade)),\"canWithdraw\":false,\"canDeposit\":false,"
            + "\"brokered\":false,\"requireSelfTradePrevention\":false,\"preventSor\":false,"
            + "\"updateTime\":\(updateTime.milliseconds),\"accountType\":\"SPOT\",\"balances\":[\(list.joined(separator: ","))],"
            + "\"permissions\":[\"SPOT\"],\"uid\":\(id + 1)}"
    }
}

extension OrderCount.Limit {
    /// As it is told together with how much of it is used.
    func json(count: Int) -> String {
        "{\"rateLimitType\":\"ORDERS\",\"interval\":\"\(unit)\",\"intervalNum\":\(number),\"limit\":\(limit),"
            + "\"count\":\(count)}"
    }
}
