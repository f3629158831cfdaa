package import Exchanges
package import Trading

/// What an order that leaves now has to keep to.
package struct OrderTerms: Sendable {
    /// The exchange's clock; signed into the request.
    package let signedAt: Timestamp
    /// How long after that the exchange accepts it, in milliseconds.
    package let receiveWindow: Int64
    package let filters: ExchangeFilters

    package init(signedAt: Timestamp, receiveWindow: Int64, filters: ExchangeFilters) {
        self.signedAt = signedAt
        self.receiveWindow = receiveWindow
        self.filters = filters
    }

    /// Whether this is too little for the market to be sold now.
    func isDust(_ quantity: FixedDecimal, at price: FixedDecimal) -> Bool { filters.isDust(quantity, at: price) }

    /// The intent with its quantity cut to the market's lots, if the exchange takes that.
    func cut(_ intent: OrderIntent, price: FixedDecimal) -> Result<OrderIntent, OrderRefusal> {
        guard let lot = filters.lot(intent.quantity, isMarket: true) else {
            return .failure(
                OrderRefusal(
                    reason: "LOT_SIZE: \(intent.quantity) is less than what the market trades",
                    isByMarket: true
                )
            )
        }
        if let rule = filters.violation(of: .market, quantity: lot, referencePrice: price) {
            return .failure(
                OrderRefusal(
                    reason: "\(rule.rawValue): the market does not take \(lot) at \(price)",
                    isByMarket: true
                )
            )
        }
        return .success(
            OrderIntent(side: intent.side, effect: intent.effect, quantity: lot, reason: intent.reason)
        )
    }
}

extension OrderIntent {
    /// The same with the largest quantity that can be stored, if its own cannot be. For what is refused: the reason tells.
    var storable: OrderIntent {
        guard quantity.int64 == nil else { return self }
        let largest = FixedDecimal(int64: quantity.isPositive ? .max : .min)
        return OrderIntent(side: side, effect: effect, quantity: largest, reason: reason)
    }
}

/// Why an intent does not become an order.
struct OrderRefusal: Error {
    let reason: String
    /// By the market's own rules: the exchange would refuse it, too.
    var isByMarket = false
}
