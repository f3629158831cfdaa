import HTTPAPI
import Hosting
import Store
import Trading

/// Adds up what a replayed strategy does.
struct ReplayLedger {
    /// A trade that has not come to its end.
    private struct Open {
        let entryTime: Timestamp
        var bought: FixedDecimal = .zero
        var paid: FixedDecimal = .zero
        var sold: FixedDecimal = .zero
        var received: FixedDecimal = .zero
        var fees: FixedDecimal = .zero
    }

    let interval: Interval
    private var totals = ReplayReport()
    private var open: Open?
    /// Of each order: why it was decided.
    private var reasons: [String: String] = [:]
    private var curve: [ReplayReport.Equity] = []
    private var peak: FixedDecimal = .zero
    private var first: Candle?
    private var last: Candle?
    /// What the first entry cost, without fees.
    private var stake: FixedDecimal?

    init(interval: Interval) {
        self.interval = interval
    }

    /// - Parameter position: After the candle.
    mutating func note(_ decisions: StrategyRun.Decisions, _ candle: Candle, _ position: Position) {
        for fill in decisions.fills { book(fill) }
        for order in decisions.orders { reasons[order.id] = order.intent.reason }
        if first == nil { first = candle }
        last = candle
        let equity = position.realizedPnL + position.unrealizedPnL(at: candle.close)
        curve.append(ReplayReport.Equity(time: candle.openTime + interval.milliseconds, value: equity))
        peak = max(peak, equity)
        totals.maxDrawdown = max(totals.maxDrawdown, peak - equity)
        totals.pnl = equity
        totals.fees = position.fees
        totals.candles += 1
    }

    private mutating func book(_ fill: Fill) {
        var trade = open ?? Open(entryTime: fill.time)
        trade.fees += fill.fee
        switch fill.side {
        case .buy:
            trade.bought += fill.quantity
            trade.paid += fill.price * fill.quantity
            if stake == nil { stake = trade.paid }
        case .sell:
            trade.sold += fill.quantity
            trade.received += fill.price * fill.quantity
        }
        guard trade.sold == trade.bought else {
            open = trade
            return
        }
        open = nil
        let pnl = trade.received - trade.paid - trade.fees
        if pnl.isPositive { totals.wins += 1 }
        totals.trades.append(
            ReplayReport.Trade(
                entryTime: trade.entryTime,
                entryPrice: trade.paid / trade.bought,
                exitTime: fill.time,
                exitPrice: trade.received / trade.sold,
                quantity: trade.bought,
                pnl: pnl,
                fees: trade.fees,
                reason: reasons[fill.orderID] ?? ""
            )
        )
    }

    /// - Parameter market: What the comparison with buying and holding pays.
    func report(buyingAndSelling market: PaperMarket) -> ReplayReport {
        var report = totals
        guard let first, let last else { return report }
        report.from = first.openTime
        report.to = last.openTime + interval.milliseconds
        if let stake {
            let bought = first.open * (.one + market.halfSpread)
            let sold = last.close * (.one - market.halfSpread)
            let back = stake.scaled(by: sold, over: bought)
            report.buyAndHold = back - stake - (back + stake) * market.fee
        }
        let step = (curve.count + ReplayReport.mostPoints - 1) / ReplayReport.mostPoints
        // Counted from the end, so that the last one is among them.
        report.equity = curve.enumerated().filter { (curve.count - 1 - $0.offset) % step == 0 }.map(\.element)
        return report
    }
}
