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
        let intent = OrderIntent(side: .sell, effect: .exit, quantity: state.position.quantity, reason: "stopped")
        let order = JournalledOrder(
            id: ClientOrderID.derive(strategyID: strategyID, cause: .stop, index: 0),
            intent: intent,
            decidedOn: checkpoint.cursor,
            status: .filled
        )
        let fill = paper.fill(
            order.id,
            intent,
            at: checkpoint.lastPrice,
            time: checkpoint.cursor + interval.milliseconds
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
            day: state.risk?.dayStart.map { DayRecord(start: $0, equity: state.risk?.dayEquity ?? .zero) }
        )
        return (last, Decisions(orders: [order], fills: [fill]))
    }
}
