import Exchanges
import Hosting
import Store
import Strategies
import Trading

/// A strategy run again from its first checkpoint over the same candles, undisturbed, in one go. Pure.
///
/// What became of a live order is not to be had from candles: it is taken from the journal, which ``OrderLogJudge`` compares
/// with the exchange. What was decided before and after it is judged here.
struct Replay {
    private let stored: StoredRun
    /// `nil`: on paper.
    private let market: Market?
    private var run: StrategyRun
    private(set) var orders: [String: StoredRun.Order] = [:]
    private(set) var fills: [String: StoredRun.BookedFill] = [:]
    private var position = Position()

    /// - Parameter market: of a live run.
    init(_ stored: StoredRun, market: Market? = nil) throws {
        guard let mode = StrategyRegistry.builtIn.mode(stored.mode) else {
            throw NemesisError("there is no mode \(stored.mode)")
        }
        self.stored = stored
        self.market = market
        run = try StrategyRun(
            strategyID: stored.id,
            symbol: stored.symbol,
            interval: stored.interval,
            mode: mode,
            config: stored.config,
            checkpoint: stored.first,
            paper: market == nil ? .standard : nil
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
            let time = candle.closeTime(interval) + 1
            let terms = terms(at: time)
            try step { run, isPaused in
                try run.close(candle, exchangeTime: time, barriers: isPaused ? .paused : [], terms: terms)
            }
            try settle(at: time)
        }
        guard run.cursor.milliseconds == cursor else { throw NemesisError("the exchange has no candle of \(cursor)") }
        // The next candle may have begun, and filled what was waiting, without having closed.
        if market == nil, position.tradesCount < stored.trades - (isClosedByStop ? 1 : 0),
            let next = candles.first(where: { $0.openTime > run.cursor })
        {
            try step { run, isPaused in
                try run.begin(next, barriers: isPaused ? .paused : [])
            }
        }
        if !stored.isActive { try stop() }
    }

    private func terms(at time: Timestamp) -> OrderTerms? {
        market.map { OrderTerms(signedAt: time, receiveWindow: 0, filters: $0.filters) }
    }

    /// The orders that have left come to their end, as the journal has it, before the next candle.
    private mutating func settle(at time: Timestamp) throws {
        guard let market, let terms = terms(at: time) else { return }
        while let order = run.unsettled.first(where: { stored.orders[$0.id]?.isFinal == true }) {
            guard let known = stored.orders[order.id], let status = JournalledOrder.Status(rawValue: known.status)
            else { throw NemesisError("order \(order.id) has the status \(stored.orders[order.id]?.status ?? "none")") }
            let result = OrderResult(
                orderID: order.id,
                status: status,
                reason: known.statusReason,
                fills: stored.fills(of: order.id, in: market)
            )
            try step { run, isPaused in
                try run.take(result, exchangeTime: time, barriers: isPaused ? .paused : [], terms: terms)
            }
        }
    }

    /// Whether somebody had paused it at that moment, or it came too late, is what candles do not tell: the journal does.
    private mutating func step(
        _ body: (inout StrategyRun, _ isPaused: Bool) throws -> StrategyRun.Decisions
    ) throws {
        var next = run
        var decisions = try body(&next, false)
        if decisions.orders.contains(where: { stored.orders[$0.id]?.isRefusedForNow == true }) {
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
        if market != nil {
            // A sale as often as it takes: the exchange's log judges it.
            for (id, order) in stored.orders where order.reason == "stopped" && order.effect == "exit" {
                orders[id] = order
                for (trade, fill) in stored.fills where fill.orderID == id { fills[trade] = fill }
            }
            for fill in stored.stoppingFills(in: market) { position.book(fill) }
            return
        }
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
        for settled in decisions.settlements {
            if let order = orders[settled.orderID] {
                orders[settled.orderID] = order.with(status: settled.status.rawValue)
            }
        }
        for fill in decisions.fills {
            fills[fill.tradeID] = StoredRun.BookedFill(fill)
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

    /// On a candle that it caught up with.
    var isRefusedAsStale: Bool { status == "rejected" && statusReason?.hasPrefix("stale") == true }

    fileprivate var isRefusedForNow: Bool { isRefusedAsPaused || isRefusedAsStale }

    fileprivate var isFinal: Bool { JournalledOrder.Status(rawValue: status)?.isFinal == true }

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
            time: fill.time.milliseconds,
            commission: fill.commission?.amount.int64,
            commissionAsset: fill.commission?.asset
        )
    }
}

extension StoredRun {
    /// In the order in which they came.
    fileprivate func fills(of order: String, in market: Market) -> [Fill] {
        fills.filter { $0.value.orderID == order }
            .sorted { (Int64($0.key) ?? 0) < (Int64($1.key) ?? 0) }
            .map { Fill($0.key, $0.value, in: market) }
    }

    fileprivate func stoppingFills(in market: Market?) -> [Fill] {
        guard let market else { return [] }
        return orders.filter { $0.value.reason == "stopped" }
            .sorted { $0.value.decidedOn < $1.value.decidedOn }
            .flatMap { fills(of: $0.key, in: market) }
    }
}

extension Fill {
    fileprivate init(_ tradeID: String, _ booked: StoredRun.BookedFill, in market: Market) {
        let asset = booked.commissionAsset ?? ""
        self.init(
            orderID: booked.orderID,
            tradeID: tradeID,
            side: booked.side == "buy" ? .buy : .sell,
            price: FixedDecimal(int64: booked.price),
            quantity: FixedDecimal(int64: booked.quantity),
            fee: FixedDecimal(int64: booked.fee),
            time: Timestamp(milliseconds: booked.time),
            commission: Commission(
                kind: asset == market.baseAsset ? .base : asset == market.quoteAsset ? .quote : .other,
                asset: asset,
                amount: FixedDecimal(int64: booked.commission ?? 0)
            )
        )
    }
}
