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

    /// The intent with its quantity cut to the market's lots, if the exchange takes that.
    func cut(_ intent: OrderIntent, price: FixedDecimal) -> Result<OrderIntent, OrderRefusal> {
        guard let lot = filters.lot(intent.quantity, isMarket: true) else {
            return .failure(OrderRefusal(reason: "LOT_SIZE: \(intent.quantity) is less than what the market trades"))
        }
        if let rule = filters.violation(of: .market, quantity: lot, referencePrice: price) {
            return .failure(OrderRefusal(reason: "\(rule.rawValue): the market does not take \(lot) at \(price)"))
        }
        return .success(
            OrderIntent(side: intent.side, effect: intent.effect, quantity: lot, reason: intent.reason)
        )
    }
}

/// Why an intent does not become an order.
struct OrderRefusal: Error {
    let reason: String
}
