import Trading

extension TradingEngine {
    /// Which of an account's orders or trades are asked for, by Binance's rules: with a lower end the earliest, else the latest,
    /// always oldest first.
    struct Range: Sendable, Hashable {
        /// The lowest id.
        var firstID: Int64?
        var start: Timestamp?
        var end: Timestamp?
        var limit: Int
    }

    /// An order that exists.
    func order(_ symbol: Symbol, _ id: Int64) -> SimulatedOrder {
        guard let list = orders[symbol], list.indices.contains(Int(id) - 1) else {
            preconditionFailure("\(symbol) has no order \(id)")
        }
        return list[Int(id) - 1]
    }

    func find(_ symbol: Symbol, _ reference: OrderReference, account: Int) -> SimulatedOrder? {
        switch reference {
        case .id(let id):
            guard let list = orders[symbol], id > 0, id <= list.count else { return nil }
            let order = list[Int(id) - 1]
            return order.account == account ? order : nil
        case .clientID(let clientID):
            let key = ClientKey(account: account, symbol: symbol, clientOrderID: clientID)
            return latest[key].map { order(symbol, $0) }
        case .both(let id, let clientID):
            return find(symbol, .id(id), account: account).flatMap { $0.clientOrderID == clientID ? $0 : nil }
        }
    }

    func openOrders(_ symbol: Symbol?, account: Int) -> [SimulatedOrder] {
        let symbols = symbol.map { [$0] } ?? open.keys.sorted()
        return symbols.flatMap { symbol in
            (open[symbol] ?? []).map { order(symbol, $0) }.filter { $0.account == account }
        }
    }

    func orders(_ symbol: Symbol, account: Int, _ range: Range) -> [SimulatedOrder] {
        select(orders[symbol] ?? [], range, id: \.id, time: \.time) { $0.account == account }
    }

    func trades(_ symbol: Symbol, account: Int, orderID: Int64?, _ range: Range) -> [SimulatedTrade] {
        select(trades[symbol] ?? [], range, id: \.id, time: \.time) { trade in
            trade.account == account && orderID.map { trade.orderID == $0 } ?? true
        }
    }

    private func select<Element>(
        _ elements: [Element],
        _ range: Range,
        id: (Element) -> Int64,
        time: (Element) -> Timestamp,
        where isWanted: (Element) -> Bool
    ) -> [Element] {
        let matching = elements.filter { element in
            isWanted(element) && (range.firstID.map { id(element) >= $0 } ?? true)
                && (range.start.map { time(element) >= $0 } ?? true) && (range.end.map { time(element) <= $0 } ?? true)
        }
        let isFromBelow = range.firstID != nil || range.start != nil
        return isFromBelow ? Array(matching.prefix(range.limit)) : Array(matching.suffix(range.limit))
    }
}
