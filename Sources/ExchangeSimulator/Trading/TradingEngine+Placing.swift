import Trading

extension TradingEngine {
    struct Placement: Sendable {
        let order: SimulatedOrder
        let trades: [SimulatedTrade]
        let events: [AccountEvent]
    }

    /// Takes an order that has passed the filters, trades what can be traded at once, and lets the rest rest or expire.
    mutating func place(_ new: NewOrder, account: Int, at moment: Moment) throws(APIError) -> Placement {
        guard let instrument = market.instrument(new.symbol), let book = book(instrument, at: moment) else {
            throw .rejected("Market is closed.")
        }
        if let id = new.clientOrderID,
            let earlier = latest[ClientKey(account: account, symbol: new.symbol, clientOrderID: id)],
            order(new.symbol, earlier).status.isOpen
        {
            throw .rejected("Duplicate order sent.")
        }
        var executions = book.executions(of: new, step: instrument.stepSize)
        if new.type == .limitMaker, !executions.isEmpty {
            throw .rejected("Order would immediately match and take.")
        }
        let tradable = executions.reduce(FixedDecimal.zero) { $0 + $1.quantity }
        if new.quantity == nil, tradable.isZero {
            throw .rejected("Order book liquidity is less than LOT_SIZE filter minimum quantity.")
        }
        let quantity = new.quantity ?? tradable
        if new.timeInForce == .fillOrKill, tradable < quantity { executions = [] }
        let needed: FixedDecimal
        switch (new.side, new.type) {
        case (.sell, _): needed = quantity
        case (.buy, .market): needed = executions.reduce(.zero) { $0 + $1.quantity * $1.price }
        case (.buy, _): needed = quantity * new.price
        }
        let asset = new.side == .buy ? instrument.quoteAsset : instrument.baseAsset
        guard needed <= accounts[account].balance(asset).free else {
            throw .rejected("Account has insufficient balance for requested action.")
        }
        let id = Int64(orders[new.symbol]?.count ?? 0) + 1
        var order = SimulatedOrder(
            id: id,
            account: account,
            symbol: new.symbol,
            side: new.side,
            type: new.type,
            timeInForce: new.timeInForce,
            clientOrderID: new.clientOrderID ?? "sim-\(new.symbol)-\(id)",
            quantity: quantity,
            quoteQuantity: new.quantity == nil ? new.quoteAmount : .zero,
            price: new.price,
            time: moment.exchange,
            placedAt: moment.market,
            acceptedAt: moment.elapsed,
            updateTime: moment.exchange
        )
        accounts[account].lock(asset, needed)
        order.locked = needed
        var events = [report(.new, of: order, at: moment)]
        var trades: [SimulatedTrade] = []
        for execution in executions {
            let trade = settle(&order, instrument, execution, isMaker: false, at: moment)
            trades.append(trade)
            events.append(report(.trade, of: order, trade: trade, at: moment))
        }
        if order.status.isOpen, new.type == .market || new.timeInForce != .goodTillCanceled {
            order.expiryReason =
                switch new.timeInForce {
                case .immediateOrCancel: "UNFILLED_IOC_QUANTITY_EXPIRED"
                case .fillOrKill: "UNFILLED_FOK_ORDER_EXPIRED"
                case .goodTillCanceled: "INSUFFICIENT_LIQUIDITY"
                }
            release(&order, asset, as: .expired)
            events.append(report(.expired, of: order, at: moment))
        }
        events.append(position(of: account, assets(of: order), at: moment))
        orders[new.symbol, default: []].append(order)
        latest[ClientKey(account: account, symbol: new.symbol, clientOrderID: order.clientOrderID)] = id
        if order.status.isOpen { open[new.symbol, default: []].append(id) }
        return Placement(order: order, trades: trades, events: events)
    }

    /// Takes an order off the book.
    mutating func cancel(
        _ symbol: Symbol,
        _ reference: OrderReference,
        account: Int,
        cancelID: String?,
        onlyIf required: OrderStatus? = nil,
        at moment: Moment
    ) throws(APIError) -> (order: SimulatedOrder, cancelID: String, events: [AccountEvent]) {
        guard let instrument = market.instrument(symbol) else { throw .invalidSymbol }
        let found = find(symbol, reference, account: account)
        if case .both = reference, found == nil, find(symbol, reference.byID, account: account) != nil {
            throw APIError(code: -2039, "Client order ID is not correct for this order ID.")
        }
        guard var order = found, order.status.isOpen else {
            throw APIError(code: -2011, "Unknown order sent.")
        }
        if let required, order.status != required {
            throw APIError(code: -2011, "Order was not canceled due to cancel restrictions.")
        }
        order.updateTime = moment.exchange
        release(&order, order.side == .buy ? instrument.quoteAsset : instrument.baseAsset, as: .canceled)
        store(order)
        let cancelID = cancelID ?? "sim-cancel-\(symbol)-\(order.id)"
        let events = [
            report(.canceled, of: order, cancelID: cancelID, at: moment),
            position(of: account, assets(of: order), at: moment),
        ]
        return (order, cancelID, events)
    }

    /// Writes back what became of an order that was resting.
    mutating func store(_ order: SimulatedOrder) {
        orders[order.symbol]?[Int(order.id) - 1] = order
        guard !order.status.isOpen else { return }
        open[order.symbol]?.removeAll { $0 == order.id }
        if open[order.symbol]?.isEmpty == true { open[order.symbol] = nil }
    }

    private mutating func release(_ order: inout SimulatedOrder, _ asset: String, as status: OrderStatus) {
        order.status = status
        accounts[order.account].unlock(asset, order.locked)
        order.locked = .zero
    }
}

extension NewOrder {
    /// What a market order in quote units is to spend or bring in; zero for others.
    var quoteAmount: FixedDecimal { if case .quote(let amount) = amount { amount } else { .zero } }
}
