import Hosting
import Store
import Strategies
import Trading

/// A strategy run again from its first checkpoint over the same candles, undisturbed, in one go. Pure.
struct Replay {
    private let stored: StoredRun
    private var run: StrategyRun
    private(set) var orders: [String: StoredRun.Order] = [:]
    private(set) var fills: [String: StoredRun.BookedFill] = [:]
    private var position = Position()

    init(_ stored: StoredRun) throws {
        guard let mode = StrategyRegistry.builtIn.mode(stored.mode) else {
            throw NemesisError("there is no mode \(stored.mode)")
        }
        self.stored = stored
        run = try StrategyRun(
            strategyID: stored.id,
            symbol: stored.symbol,
            interval: stored.interval,
            mode: mode,
            config: stored.config,
            checkpoint: stored.first,
            paper: .standard
        )
    }

    /// Feeds all candles from the first on, and then what had come after the last.
    ///
    /// - Parameters:
    ///   - candles: From the one after the first checkpoint's, without a gap.
    ///   - cursor: The last that the strategy has processed.
    mutating func play(_ candles: [Candle], to cursor: Int64) throws {
        let interval = stored.interval
        for candle in candles where candle.openTime.milliseconds <= cursor {
            guard candle.openTime == run.cursor + interval.milliseconds else {
                throw NemesisError("the exchange has no candle after \(run.cursor)")
            }
            try step(decidedOn: candle.openTime) { run, isPaused in
                try run.close(candle, exchangeTime: candle.closeTime(interval) + 1, barriers: isPaused ? .paused : [])
            }
        }
        guard run.cursor.milliseconds == cursor else { throw NemesisError("the exchange has no candle of \(cursor)") }
        // The next candle may have begun, and filled what was waiting, without having closed.
        if position.tradesCount < stored.trades - (isClosedByStop ? 1 : 0),
            let next = candles.first(where: { $0.openTime > run.cursor })
        {
            try step(decidedOn: next.openTime) { run, isPaused in
                try run.begin(next, barriers: isPaused ? .paused : [])
            }
        }
        if !stored.isActive { try stop() }
    }

    /// Whether somebody had paused it at that moment is the one thing that candles do not tell: the journal does.
    private mutating func step(
        decidedOn: Timestamp,
        _ body: (inout StrategyRun, _ isPaused: Bool) throws -> StrategyRun.Decisions
    ) throws {
        var next = run
        var decisions = try body(&next, false)
        if decisions.orders.contains(where: { stored.orders[$0.id]?.isRefusedAsPaused == true }) {
            next = run
            decisions = try body(&next, true)
        }
        run = next
        book(decisions)
    }

    private var isClosedByStop: Bool {
        stored.orders[ClientOrderID.derive(strategyID: stored.id, cause: .stop, index: 0)] != nil
    }

    private mutating func stop() throws {
        if isClosedByStop {
            let closing = try StrategyRun.closingPosition(
                of: stored.id,
                interval: stored.interval,
                checkpoint: run.checkpoint(),
                paper: .standard
            )
            if let closing { book(closing.decisions) }
        }
        for (id, order) in orders where order.status == "intended" { orders[id] = order.with(status: "canceled") }
    }

    private mutating func book(_ decisions: StrategyRun.Decisions) {
        for order in decisions.orders { orders[order.id] = StoredRun.Order(order) }
        for fill in decisions.fills {
            fills[fill.tradeID] = StoredRun.BookedFill(fill)
            if let order = orders[fill.orderID] { orders[fill.orderID] = order.with(status: "filled") }
            position.book(fill)
        }
    }

    /// Everything in which the stored run differs.
    func differences() throws -> [String] {
        var found: [String] = []
        for id in Set(orders.keys).union(stored.orders.keys).sorted() where !same(orders[id], stored.orders[id]) {
            found.append("order \(id): \(shown(stored.orders[id])), undisturbed \(shown(orders[id]))")
        }
        for id in Set(fills.keys).union(stored.fills.keys).sorted() where fills[id] != stored.fills[id] {
            found.append("fill \(id): \(shown(stored.fills[id])), undisturbed \(shown(fills[id]))")
        }
        if position.tradesCount != stored.trades {
            found.append("\(stored.trades) trades, undisturbed \(position.tradesCount)")
        }
        if position.quantity.int64 != stored.position {
            found.append("position \(stored.position), undisturbed \(position.quantity.int64 ?? -1)")
        }
        if position.realizedPnL.int64 != stored.pnl {
            found.append("pnl \(stored.pnl), undisturbed \(position.realizedPnL.int64 ?? -1)")
        }
        if let state = stored.state, try run.checkpoint().state != state {
            found.append("state \(state), undisturbed \(try run.checkpoint().state)")
        }
        return found
    }

    private func same(_ left: StoredRun.Order?, _ right: StoredRun.Order?) -> Bool {
        // Why it was refused or canceled is for people.
        left?.with(statusReason: nil) == right?.with(statusReason: nil)
    }

    private func shown<Value>(_ value: Value?) -> String { value.map { "\($0)" } ?? "none" }
}

extension StoredRun.Order {
    init(_ order: JournalledOrder) {
        self.init(
            side: order.intent.side.rawValue,
            effect: order.intent.effect.rawValue,
            quantity: order.intent.quantity.int64 ?? -1,
            reason: order.intent.reason,
            status: order.status.rawValue,
            statusReason: order.statusReason,
            decidedOn: order.decidedOn.milliseconds
        )
    }

    var isRefusedAsPaused: Bool { status == "rejected" && statusReason?.hasPrefix("paused") == true }

    fileprivate func with(status: String) -> Self {
        var copy = self
        copy.status = status
        return copy
    }

    fileprivate func with(statusReason: String?) -> Self {
        var copy = self
        copy.statusReason = statusReason
        return copy
    }
}

extension StoredRun.BookedFill {
    init(_ fill: Fill) {
        self.init(
            orderID: fill.orderID,
            side: fill.side.rawValue,
            price: fill.price.int64 ?? -1,
            quantity: fill.quantity.int64 ?? -1,
            fee: fill.fee.int64 ?? -1,
            time: fill.time.milliseconds
        )
    }
}
