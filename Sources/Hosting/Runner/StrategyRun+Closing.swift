package import Store
package import Trading

extension StrategyRun {
    /// Sells everything on paper at the last price, for a strategy that is being stopped: the last step after `checkpoint`, or `nil` if
    /// nothing is held. It needs the position only, so it works for a strategy that cannot run any more.
    package static func closingPosition(
        of strategyID: Int64,
        interval: Interval,
        checkpoint: Checkpoint,
        paper: PaperMarket
    ) throws -> (checkpoint: Checkpoint, decisions: Decisions)? {
        var state = try RunState(text: checkpoint.state)
        guard !state.position.isFlat else { return nil }
        let (order, fill) = sale(
            of: state.position.quantity,
            ClientOrderID.derive(strategyID: strategyID, cause: .stop, index: 0),
            reason: "stopped",
            decidedOn: checkpoint.cursor,
            at: checkpoint.lastPrice,
            checkpoint.cursor + interval.milliseconds,
            paper
        )
        state.position.book(fill)
        // Whatever else was intended is canceled with the strategy.
        state.pending = []
        let last = Checkpoint(
            cursor: checkpoint.cursor,
            candles: checkpoint.candles,
            state: try state.text(),
            position: state.position,
            lastPrice: checkpoint.lastPrice,
            reports: checkpoint.reports,
            day: state.risk?.dayStart.map { DayRecord(start: $0, equity: state.risk?.dayEquity ?? .zero) },
            version: checkpoint.version,
            closed: checkpoint.closed
        )
        return (last, Decisions(orders: [order], fills: [fill]))
    }

    /// A sale on paper that is filled at once.
    static func sale(
        of quantity: FixedDecimal,
        _ id: String,
        reason: String,
        decidedOn candle: Timestamp,
        at price: FixedDecimal,
        _ time: Timestamp,
        _ paper: PaperMarket
    ) -> (order: JournalledOrder, fill: Fill) {
        let intent = OrderIntent(side: .sell, effect: .exit, quantity: quantity, reason: reason)
        let order = JournalledOrder(id: id, intent: intent, decidedOn: candle, status: .filled)
        return (order, paper.fill(id, intent, at: price, time: time))
    }
}
