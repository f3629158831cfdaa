import Exchanges
package import Store
package import Trading

/// What is known of an order that was to be carried out, by the exchange or on paper.
package struct OrderResult: Sendable, Equatable {
    package let orderID: String
    package let status: JournalledOrder.Status
    package var reason: String?
    package var exchangeOrderID: String?
    /// All fills that are known, also those that were told before.
    package var fills: [Fill]
    /// Every order of this account would be refused like this: there is no use in going on.
    package var isHopeless = false

    package init(
        orderID: String,
        status: JournalledOrder.Status,
        reason: String? = nil,
        exchangeOrderID: String? = nil,
        fills: [Fill] = [],
        isHopeless: Bool = false
    ) {
        self.orderID = orderID
        self.status = status
        self.reason = reason
        self.exchangeOrderID = exchangeOrderID
        self.fills = fills
        self.isHopeless = isHopeless
    }

    /// An order as the exchange shows it. As long as not all of its trades are known, it is not final.
    init(_ order: ExchangeOrder, trades: [ExchangeTrade], in market: Market) {
        let known = trades.reduce(FixedDecimal.zero) { $0 + $1.quantity }
        let isComplete = known == order.executed
        orderID = order.clientOrderID
        exchangeOrderID = "\(order.id)"
        status =
            switch order.status {
            case _ where !isComplete && !known.isZero: .partiallyFilled
            case _ where !isComplete: .acknowledged
            case .new: .acknowledged
            case .partiallyFilled: .partiallyFilled
            case .filled: .filled
            case .canceled: .canceled
            case .rejected: .rejected
            case .expired, .expiredInMatch: .expired
            }
        if status.isFinal, status != .filled { reason = "the exchange says \(order.status.rawValue)" }
        fills = trades.sorted { $0.id < $1.id }.map { Fill($0, of: order.clientOrderID, in: market) }
    }
}

extension Fill {
    /// A trade as it is booked. A fee in the base asset counts with what it is worth at the trade's price; one in a third asset
    /// is noted, and not converted.
    init(_ trade: ExchangeTrade, of orderID: String, in market: Market) {
        let kind: Commission.Kind
        let fee: FixedDecimal
        switch trade.commissionAsset {
        case market.quoteAsset: (kind, fee) = (.quote, trade.commission)
        case market.baseAsset: (kind, fee) = (.base, trade.price * trade.commission)
        default: (kind, fee) = (.other, .zero)
        }
        self.init(
            orderID: orderID,
            tradeID: "\(trade.id)",
            side: trade.side,
            price: trade.price,
            quantity: trade.quantity,
            fee: fee,
            time: trade.time,
            commission: Commission(kind: kind, asset: trade.commissionAsset, amount: trade.commission)
        )
    }
}
