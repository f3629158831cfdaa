import Trading

extension TradingEngine {
    /// What is taken off a commission that is paid in an asset of choice.
    private static let discounted: FixedDecimal = "0.75"

    /// Books one execution of an order, at a price no worse than its own.
    mutating func settle(
        _ order: inout SimulatedOrder,
        _ instrument: Instrument,
        _ execution: OrderBook.Level,
        isMaker: Bool,
        at moment: Moment
    ) -> SimulatedTrade {
        if order.executed.isZero { accounts[order.account].orderCount.filled(isMaker: isMaker) }
        let amount = execution.price * execution.quantity
        let (commission, asset) = commission(of: order, instrument, execution, amount, isMaker: isMaker, at: moment)
        order.executed += execution.quantity
        order.executedQuote += amount
        order.status = order.executed == order.quantity ? .filled : .partiallyFilled
        order.updateTime = moment.exchange
        switch order.side {
        case .buy:
            let kept: FixedDecimal
            switch (order.status, order.type) {
            case (.filled, _): kept = .zero
            case (_, .market): kept = order.locked - amount
            default: kept = order.price * order.remaining
            }
            accounts[order.account].unlock(instrument.quoteAsset, order.locked - kept, spent: amount)
            order.locked = kept
            accounts[order.account].credit(instrument.baseAsset, execution.quantity)
        case .sell:
            accounts[order.account].unlock(instrument.baseAsset, execution.quantity, spent: execution.quantity)
            order.locked -= execution.quantity
            accounts[order.account].credit(instrument.quoteAsset, amount)
        }
        accounts[order.account].credit(asset, -commission)
        let trade = SimulatedTrade(
            id: Int64(trades[order.symbol]?.count ?? 0) + 1,
            orderID: order.id,
            account: order.account,
            symbol: order.symbol,
            side: order.side,
            price: execution.price,
            quantity: execution.quantity,
            quoteQuantity: amount,
            commission: commission,
            commissionAsset: asset,
            isMaker: isMaker,
            time: moment.exchange,
            acceptedAt: moment.elapsed
        )
        trades[order.symbol, default: []].append(trade)
        return trade
    }

    private func commission(
        of order: SimulatedOrder,
        _ instrument: Instrument,
        _ execution: OrderBook.Level,
        _ amount: FixedDecimal,
        isMaker: Bool,
        at moment: Moment
    ) -> (FixedDecimal, asset: String) {
        let account = accounts[order.account]
        let rate = isMaker ? account.configuration.makerRate : account.configuration.takerRate
        if let asset = account.configuration.commissionAsset,
            let price = price(of: asset, in: instrument, execution.price, at: moment)
        {
            let commission = (amount * rate).scaled(by: Self.discounted, over: price)
            if commission <= account.balance(asset).free { return (commission, asset) }
        }
        switch order.side {
        case .buy: return (execution.quantity * rate, instrument.baseAsset)
        case .sell: return (amount * rate, instrument.quoteAsset)
        }
    }

    /// What an asset costs in the instrument's quote asset, if that is known.
    private func price(
        of asset: String,
        in instrument: Instrument,
        _ price: FixedDecimal,
        at moment: Moment
    ) -> FixedDecimal? {
        if asset == instrument.quoteAsset { return .one }
        if asset == instrument.baseAsset { return price }
        return Symbol(asset + instrument.quoteAsset).flatMap { market.price($0, at: moment.market) }
    }

    /// Lets resting orders have what the market traded at their prices in the time after `start` and not after `moment`.
    ///
    /// What trades through an order's price fills it, up to the traded volume; what only touches it leaves it a tenth.
    mutating func match(after start: Timestamp, through moment: Moment, forming: Bool) -> [AccountEvent] {
        var events: [AccountEvent] = []
        for symbol in open.keys.sorted() {
            guard let instrument = market.instrument(symbol) else { continue }
            for bar in market.trades(symbol, after: start, through: moment.market, forming: forming) {
                for id in open[symbol] ?? [] {
                    var order = order(symbol, id)
                    guard bar.time > order.placedAt else { continue }
                    let reached = order.side == .buy ? bar.low <= order.price : bar.high >= order.price
                    guard reached else { continue }
                    let isThrough = order.side == .buy ? bar.low < order.price : bar.high > order.price
                    let offered = isThrough ? bar.quantity : bar.quantity / FixedDecimal(10)
                    let quantity = min(order.remaining, offered.roundedDown(toMultipleOf: instrument.stepSize))
                    guard quantity.isPositive else { continue }
                    let execution = OrderBook.Level(price: order.price, quantity: quantity)
                    let trade = settle(&order, instrument, execution, isMaker: true, at: moment)
                    store(order)
                    events.append(report(.trade, of: order, trade: trade, at: moment))
                    events.append(position(of: order.account, assets(of: order), at: moment))
                }
            }
        }
        return events
    }
}
