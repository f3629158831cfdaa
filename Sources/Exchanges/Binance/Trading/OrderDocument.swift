import FoundationEssentials
import Trading

/// An order in Binance's JSON: the answer to a new order, a cancellation or a query.
struct OrderDocument: Decodable {
    struct Fill: Decodable {
        let price: FixedDecimal
        let qty: FixedDecimal
        let commission: FixedDecimal
        let commissionAsset: String
        let tradeId: Int64
    }

    let symbol: Symbol
    let orderId: Int64
    let clientOrderId: String
    /// Of a cancellation: the order's own id, while `clientOrderId` is the cancellation's.
    let origClientOrderId: String?
    let side: String
    let status: String
    let origQty: FixedDecimal
    let executedQty: FixedDecimal
    let cummulativeQuoteQty: FixedDecimal
    let price: FixedDecimal
    let time: Timestamp?
    let transactTime: Timestamp?
    let fills: [Fill]?

    func order() throws(ExchangeError) -> ExchangeOrder {
        guard let side = Side(rawValue: side.lowercased()), let status = ExchangeOrder.Status(binance: status),
            let time = time ?? transactTime, executedQty <= origQty, !executedQty.isNegative
        else {
            throw ExchangeError(
                .malformed,
                "an order of the exchange makes no sense; check that the URL is the exchange's"
            )
        }
        return ExchangeOrder(
            symbol: symbol,
            id: orderId,
            clientOrderID: origClientOrderId ?? clientOrderId,
            side: side,
            status: status,
            quantity: origQty,
            price: price,
            executed: executedQty,
            // Below zero means that it is not known any more.
            executedQuote: cummulativeQuoteQty.isNegative ? nil : cummulativeQuoteQty,
            time: time,
            trades: (fills ?? []).map { fill in
                ExchangeTrade(
                    symbol: symbol,
                    id: fill.tradeId,
                    orderID: orderId,
                    side: side,
                    price: fill.price,
                    quantity: fill.qty,
                    commission: fill.commission,
                    commissionAsset: fill.commissionAsset,
                    time: time
                )
            }
        )
    }

    static func order(_ data: Data) throws(ExchangeError) -> ExchangeOrder {
        try decode(OrderDocument.self, data, "an order").order()
    }

    static func orders(_ data: Data) throws(ExchangeError) -> [ExchangeOrder] {
        var orders: [ExchangeOrder] = []
        for document in try decode([OrderDocument].self, data, "orders") { orders.append(try document.order()) }
        return orders
    }

    static func decode<T: Decodable>(_ type: T.Type, _ data: Data, _ what: String) throws(ExchangeError) -> T {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw .malformed(what, error)
        }
    }
}

extension ExchangeOrder.Status {
    init?(binance name: String) {
        switch name {
        // On its way to the book, or to being cancelled: open.
        case "PENDING_NEW": self = .new
        case "PENDING_CANCEL": self = .new
        default: self.init(rawValue: name)
        }
    }
}
