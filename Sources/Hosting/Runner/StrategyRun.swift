package import Store
package import Strategies
package import Trading

/// One strategy on its way through its candles: a value, without I/O.
///
/// Market events in; decisions and a checkpoint out. The same candles give the same decisions and the same state, wherever
/// and however often the run was interrupted and restored in between.
package struct StrategyRun: Sendable {
    package let strategyID: Int64
    package let symbol: Symbol
    package let interval: Interval
    /// `nil`: live. Then orders leave, and what becomes of them comes back through ``take(_:exchangeTime:barriers:terms:)``.
    let paper: PaperMarket?

    private var strategy: AnyStrategy
    /// Of its parameters.
    package private(set) var version: Int64
    /// Up to which of the wishes to close the position all have been dealt with.
    package private(set) var closed: Int64 = 0
    package private(set) var position: Position
    private var pending: [JournalledOrder]
    private var booked: [String: RunState.BookedFills] = [:]
    private var adopted: [JournalledOrder] = []
    /// The WAL timeline under which the journal was last made to agree with the exchange.
    package private(set) var timeline: Int64?
    private var reports = 0
    /// Whether the strategy is over: orders under way are settled without it.
    private var isOver = false
    private let limits: RiskLimits
    private var risk = RiskMonitor()
    private let warmUpEnd: Timestamp
    package private(set) var cursor: Timestamp
    private var candles: Int
    private var lastPrice: FixedDecimal
    /// Whether anything has happened since the last checkpoint.
    package private(set) var isDirty = false

    /// What one event led to: to be committed together with the checkpoint.
    package struct Decisions: Sendable, Equatable {
        package var orders: [JournalledOrder] = []
        package var settlements: [OrderSettlement] = []
        package var fills: [Fill] = []
        /// Why the market's own rules forbid an order that was wanted. (It is among the orders, rejected.)
        var refusedByMarket: String?

        package var isEmpty: Bool { orders.isEmpty && settlements.isEmpty && fills.isEmpty }
    }

    /// A new run. It first reads the strategy's warm-up candles before `lastClosed` (the open time of the candle that has
    /// closed last), and acts from the one after it.
    package init(
        strategyID: Int64,
        symbol: Symbol,
        interval: Interval,
        strategy: AnyStrategy,
        lastClosed: Timestamp,
        paper: PaperMarket?,
        limits: RiskLimits = .none,
        version: Int64 = 1,
        timeline: Int64? = nil
    ) {
        self.strategyID = strategyID
        self.symbol = symbol
        self.interval = interval
        self.strategy = strategy
        self.paper = paper
        self.limits = limits
        self.version = version
        self.timeline = timeline
        position = Position()
        pending = []
        warmUpEnd = lastClosed
        cursor = lastClosed - Int64(strategy.warmUpCandles) * interval.milliseconds
        candles = 0
        lastPrice = .zero
    }

    /// Goes on from a checkpoint.
    package init(
        strategyID: Int64,
        symbol: Symbol,
        interval: Interval,
        mode: StrategyMode,
        config: JSONValue,
        checkpoint: Checkpoint,
        paper: PaperMarket?,
        limits: RiskLimits = .none
    ) throws {
        let state = try RunState(text: checkpoint.state)
        self.strategyID = strategyID
        self.symbol = symbol
        self.interval = interval
        self.paper = paper
        self.limits = limits
        risk = state.risk ?? RiskMonitor()
        strategy = try mode.restore(config: config, state: state.strategy)
        position = state.position
        pending = state.pending
        booked = state.booked ?? [:]
        adopted = state.adopted ?? []
        timeline = state.timeline
        reports = checkpoint.reports
        version = checkpoint.version
        closed = checkpoint.closed
        warmUpEnd = state.warmUpEnd
        cursor = checkpoint.cursor
        candles = checkpoint.candles
        lastPrice = checkpoint.lastPrice
    }

    package func checkpoint() throws -> Checkpoint {
        let state = RunState(
            strategy: try strategy.state(),
            position: position,
            pending: pending,
            booked: booked,
            adopted: adopted,
            timeline: timeline,
            warmUpEnd: warmUpEnd,
            risk: risk
        )
        return Checkpoint(
            cursor: cursor,
            candles: candles,
            state: try state.text(),
            position: position,
            lastPrice: lastPrice,
            reports: reports,
            exposure: position.cost + coming * lastPrice,
            day: risk.dayStart.map { DayRecord(start: $0, equity: risk.dayEquity) },
            limit: risk.reached.map { ReachedLimit(name: $0.limit.rawValue, reason: $0.message) },
            version: version,
            closed: closed
        )
    }

    /// Whether it has processed a candle, were it one of the warm-up.
    package var hasSeenCandles: Bool { !lastPrice.isZero }

    package var hasOpenPosition: Bool { !position.isFlat }

    package mutating func markClean() { isDirty = false }

    /// Whether a candle is processed so late that entries on it are refused: one interval after its close.
    package func isCatchUp(_ candle: Candle, exchangeTime: Timestamp) -> Bool {
        exchangeTime.since(candle.closeTime(interval)) > interval.milliseconds
    }

    /// The next candle has begun: paper orders that were decided before it are filled at its open.
    package mutating func begin(_ candle: Candle, barriers: OrderBarriers) throws -> Decisions {
        var decisions = Decisions()
        guard candle.openTime == cursor + interval.milliseconds else { return decisions }
        try fillPending(at: candle, opening(candle, barriers: barriers, isStale: false), &decisions)
        return decisions
    }

    /// A candle has closed. Ones that were processed before are ignored.
    ///
    /// - Parameter terms: for what leaves; `nil` on paper.
    package mutating func close(
        _ candle: Candle,
        exchangeTime: Timestamp,
        barriers: OrderBarriers,
        terms: OrderTerms? = nil
    ) throws -> Decisions {
        var decisions = Decisions()
        guard candle.openTime > cursor else { return decisions }
        let isStale = strategy.catchUp == .warm && isCatchUp(candle, exchangeTime: exchangeTime)
        let isWarmUp = candle.openTime <= warmUpEnd
        try fillPending(at: candle, opening(candle, barriers: barriers, isStale: isStale), &decisions)
        let gate = Gate(
            barriers: barriers,
            isStale: isStale,
            isWarmUp: isWarmUp,
            terms: terms,
            price: candle.close,
            time: candle.closeTime(interval)
        )
        cursor = candle.openTime
        candles += gate.isWarmUp ? 0 : 1
        lastPrice = candle.close
        isDirty = true
        observe(gate)
        let intents = try ask(.candle(candle), gate)
        try carryOut(intents, .candle(candle.openTime), decidedOn: candle.openTime, gate, &decisions)
        return decisions
    }
}

extension StrategyRun {
    /// Why intents are refused on this event.
    private struct Gate {
        var barriers: OrderBarriers
        var isStale: Bool
        var isWarmUp = false
        var terms: OrderTerms?
        /// The last one, for the exchange's rules about amounts, and for limits.
        var price: FixedDecimal
        /// The market's, for limits.
        var time: Timestamp

        /// The intent as it is to be journalled, cut to what the exchange takes; or why not.
        ///
        /// - Parameters:
        ///   - sellable: what is held and not on sale.
        ///   - held: what is held, or about to be.
        func verdict(on intent: OrderIntent, sellable: FixedDecimal, held: FixedDecimal) -> Result<
            OrderIntent, OrderRefusal
        > {
            if let refusal = refusal(of: intent, sellable: sellable) { return .failure(OrderRefusal(reason: refusal)) }
            let verdict = terms?.cut(intent, price: price) ?? .success(intent)
            guard case .success(let order) = verdict, order.effect == .entry else { return verdict }
            let total = held + order.quantity
            if total.int64 == nil || (total * price).int64 == nil {
                return .failure(
                    OrderRefusal(
                        reason: "quantity: with \(order.quantity) more, the position is beyond 92 billion; buy less"
                    )
                )
            }
            return verdict
        }

        private func refusal(of intent: OrderIntent, sellable: FixedDecimal) -> String? {
            if isWarmUp { return "warm-up: this candle is history" }
            if !intent.quantity.isPositive { return "quantity: must be above zero" }
            if barriers.contains(.halted) { return "halted: no orders leave" }
            // On a spot market; anything else would slip past the rules for the other effect.
            switch (intent.effect, intent.side) {
            case (.entry, .sell): return "side: an entry buys"
            case (.exit, .buy): return "side: an exit sells"
            case (.entry, .buy):
                if barriers.contains(.paused) { return "paused: no new entries" }
                if isStale { return "stale: this candle is older than one interval" }
                return nil
            case (.exit, .sell):
                return intent.quantity > sellable ? "position: only \(sellable) can be sold" : nil
            }
        }
    }

    /// For what is decided at a candle's open, whenever that is.
    private func opening(_ candle: Candle, barriers: OrderBarriers, isStale: Bool) -> Gate {
        Gate(barriers: barriers, isStale: isStale, price: candle.open, time: candle.openTime)
    }

    /// What entries under way may add to what is held, in base units.
    private var coming: FixedDecimal {
        pending.reduce(.zero) { sum, order in
            guard order.intent.side == .buy else { return sum }
            return sum + order.intent.quantity - (booked[order.id]?.quantity ?? .zero)
        }
    }

    private mutating func observe(_ gate: Gate) {
        risk.observe(position.realizedPnL + position.unrealizedPnL(at: gate.price), at: gate.time, limits)
    }

    /// Why this, which nothing else stands against, would go beyond a limit; `nil` if it may leave, and is counted.
    private mutating func beyondLimits(_ intent: OrderIntent, _ gate: Gate) -> OrderRefusal? {
        if intent.effect == .entry {
            let entry = RiskMonitor.Entry(
                value: intent.quantity * gate.price,
                exposure: (position.quantity + coming) * gate.price
            )
            let breach =
                gate.barriers.contains(.exposure)
                ? risk.refuseForExposure(entry) : risk.judge(entry, at: gate.time, limits)
            if let breach {
                return OrderRefusal(reason: "limit \(breach.limit.rawValue): \(breach.message)")
            }
        }
        risk.note(orderAt: gate.time, limits)
        return nil
    }

    /// What is held and not on sale already, so that two exits never sell the same thing.
    private var sellable: FixedDecimal {
        pending.reduce(position.quantity) { held, order in
            guard order.intent.side == .sell else { return held }
            return held - order.intent.quantity + (booked[order.id]?.quantity ?? .zero)
        }
    }

    private mutating func ask(_ event: StrategyEvent, _ gate: Gate) throws -> [OrderIntent] {
        isOver ? [] : try strategy.handle(event, context: context(gate))
    }

    private func context(_ gate: Gate) -> StrategyContext {
        // What a fee or the market's lots have left over cannot be sold, and must not keep it from trading on. It stays in the
        // position, and is sold with the next exit.
        let isDust = gate.terms?.isDust(position.quantity, at: gate.price) ?? false
        return StrategyContext(
            symbol: symbol,
            interval: interval,
            position: isDust ? position.flat : position,
            hasPendingOrder: !pending.isEmpty
        )
    }

    private mutating func fillPending(at candle: Candle, _ gate: Gate, _ decisions: inout Decisions) throws {
        guard let paper else { return }
        // One by one: while the first fill is handled, the second order is still on its way.
        while let order = pending.first(where: { $0.decidedOn < candle.openTime }) {
            let fill = paper.fill(order.id, order.intent, at: candle.open, time: candle.openTime)
            let result = OrderResult(orderID: order.id, status: .filled, fills: [fill])
            try take(result, decidedOn: candle.openTime, gate, &decisions)
        }
    }

    /// What has become of a pending order, whoever tells: books what is new of it and tells the strategy.
    private mutating func take(
        _ result: OrderResult,
        decidedOn: Timestamp,
        _ gate: Gate,
        _ decisions: inout Decisions
    ) throws {
        guard let order = pending.first(where: { $0.id == result.orderID }) else { return }
        reports += 1
        isDirty = true
        var fills = booked[order.id] ?? RunState.BookedFills()
        let news = result.fills.filter { !fills.tradeIDs.contains($0.tradeID) }
        let filled = news.reduce(fills.quantity) { $0 + $1.quantity }
        decisions.settlements.append(
            OrderSettlement(
                orderID: order.id,
                status: result.status,
                reason: result.reason,
                filled: filled,
                exchangeOrderID: result.exchangeOrderID
            )
        )
        for (index, fill) in news.enumerated() {
            fills.tradeIDs.insert(fill.tradeID)
            fills.quantity += fill.quantity
            booked[order.id] = fills
            if result.status.isFinal, index == news.count - 1 { drop(order) }
            position.book(fill)
            decisions.fills.append(fill)
            observe(gate)
            try carryOut(try ask(.fill(fill), gate), .fill(fill.tradeID), decidedOn: decidedOn, gate, &decisions)
        }
        guard result.status.isFinal else { return }
        drop(order)
        guard filled.isZero else { return }
        let intents = try ask(.rejection(order.intent, reason: result.reason ?? result.status.rawValue), gate)
        try carryOut(intents, .rejection(order.id), decidedOn: decidedOn, gate, &decisions)
    }

    private mutating func drop(_ order: JournalledOrder) {
        pending.removeAll { $0.id == order.id }
        booked[order.id] = nil
    }

    /// Journals what is allowed, tells the strategy what is not. A refusal may lead to other intents, but not without end.
    private mutating func carryOut(
        _ intents: [OrderIntent],
        _ cause: ClientOrderID.Cause,
        from firstIndex: Int = 0,
        decidedOn: Timestamp,
        _ gate: Gate,
        _ decisions: inout Decisions
    ) throws {
        var rounds: [(intents: [OrderIntent], cause: ClientOrderID.Cause)] = [(intents, cause)]
        var refusals = 0
        while let round = rounds.popLast() {
            for (index, intent) in round.intents.enumerated() {
                let id = ClientOrderID.derive(strategyID: strategyID, cause: round.cause, index: firstIndex + index)
                if let known = adopted.firstIndex(where: { $0.id == id }) {
                    // It was decided, and sent, before the database lost it: whatever is the rule now, it is there.
                    pending.append(adopted.remove(at: known))
                    continue
                }
                let refusal: OrderRefusal
                switch gate.verdict(on: intent, sellable: sellable, held: position.quantity + coming) {
                case .success(let allowed):
                    if let beyond = beyondLimits(allowed, gate) {
                        refusal = beyond
                        break
                    }
                    let order = JournalledOrder(
                        id: id,
                        intent: allowed,
                        decidedOn: decidedOn,
                        signedAt: gate.terms?.signedAt,
                        receiveWindow: gate.terms?.receiveWindow
                    )
                    pending.append(order)
                    decisions.orders.append(order)
                    continue
                case .failure(let reason): refusal = reason
                }
                refusals += 1
                guard refusals <= Self.mostRefusals else { throw HostingError.endlessIntents(mode: strategy.mode) }
                if refusal.isByMarket { decisions.refusedByMarket = refusal.reason }
                if !gate.isWarmUp {
                    decisions.orders.append(
                        JournalledOrder(
                            id: id,
                            intent: intent.storable,
                            decidedOn: decidedOn,
                            status: .rejected,
                            statusReason: refusal.reason
                        )
                    )
                }
                let next = try ask(.rejection(intent, reason: refusal.reason), gate)
                if !next.isEmpty { rounds.append((next, .rejection(id))) }
            }
        }
    }

    private static var mostRefusals: Int { 16 }
}

// MARK: - Changes

extension StrategyRun {
    /// Goes on with other parameters, between two candles: position, orders, fills, limits and cursor stay as they are.
    ///
    /// A strategy that begins anew, and reads its warm-up candles as at a start, takes over what the old one knows of its position.
    /// So the same change at the same candle gives the same state, wherever and however often it is made.
    ///
    /// - Parameters:
    ///   - strategy: At its beginning.
    ///   - history: Its warm-up candles, up to the one that has been processed last.
    /// - Throws: What the strategy throws; then nothing has changed.
    package mutating func change(to strategy: AnyStrategy, version: Int64, history: [Candle]) throws {
        var rehearsal = StrategyRun(
            strategyID: strategyID,
            symbol: symbol,
            interval: interval,
            strategy: strategy,
            lastClosed: cursor,
            paper: paper
        )
        for candle in history {
            _ = try rehearsal.close(candle, exchangeTime: candle.closeTime(interval), barriers: [])
        }
        var next = rehearsal.strategy
        try next.takeOver(from: self.strategy)
        self.strategy = next
        self.version = version
        // Later than any step before it.
        reports += 1
        isDirty = true
    }
}

// MARK: - Closing the position

extension StrategyRun {
    /// Closes the position on paper, at the last price, and goes on; orders under way are canceled. Nothing happens while trading
    /// is halted.
    package mutating func closeOnPaper(_ request: StoredStrategy.CloseRequest, barriers: OrderBarriers) throws
        -> Decisions
    {
        var decisions = Decisions()
        guard let paper, !barriers.contains(.halted) else { return decisions }
        let time = cursor + interval.milliseconds
        let gate = Gate(barriers: barriers.union(.paused), isStale: false, price: lastPrice, time: time)
        for order in pending {
            let end = OrderResult(orderID: order.id, status: .canceled, reason: "the position is closed", fills: [])
            try take(end, decidedOn: cursor, gate, &decisions)
        }
        if sellable.isPositive {
            let id = ClientOrderID.derive(strategyID: strategyID, cause: .close(request.number), index: 0)
            let sale = Self.sale(
                of: sellable,
                id,
                reason: request.reason,
                decidedOn: cursor,
                at: lastPrice,
                time,
                paper
            )
            risk.note(orderAt: time, limits)
            position.book(sale.fill)
            decisions.orders.append(sale.order)
            decisions.fills.append(sale.fill)
            observe(gate)
            let intents = try ask(.fill(sale.fill), gate)
            try carryOut(intents, .fill(sale.fill.tradeID), decidedOn: cursor, gate, &decisions)
        }
        noteClosed(request.number)
        return decisions
    }

    /// The wish to close the position has been carried out, as far as that could be.
    package mutating func noteClosed(_ number: Int64) {
        closed = number
        reports += 1
        isDirty = true
    }
}

// MARK: - Live

extension StrategyRun {
    /// Orders that have left, or may have, and of which more is to be heard.
    package var unsettled: [JournalledOrder] { paper == nil ? pending : [] }

    /// Adopted orders that have not been decided once more.
    package var unclaimed: [JournalledOrder] { adopted }

    /// The ids of the trades of an unsettled order that have been booked.
    func bookedTrades(of orderID: String) -> Set<String> { booked[orderID]?.tradeIDs ?? [] }

    /// What of an order that is not settled here yet has been executed, and is not in the position.
    func unbooked(_ orderID: String, executed: FixedDecimal) -> FixedDecimal {
        guard (pending + adopted).contains(where: { $0.id == orderID }) else { return .zero }
        return executed - (booked[orderID]?.quantity ?? .zero)
    }

    /// What the exchange tells of an order. What is known already changes nothing.
    package mutating func take(
        _ result: OrderResult,
        exchangeTime: Timestamp,
        barriers: OrderBarriers,
        terms: OrderTerms
    ) throws -> Decisions {
        var decisions = Decisions()
        let age = exchangeTime.since(cursor + interval.milliseconds)
        let isStale = strategy.catchUp == .warm && age > interval.milliseconds
        let gate = Gate(barriers: barriers, isStale: isStale, terms: terms, price: lastPrice, time: exchangeTime)
        try take(result, decidedOn: cursor, gate, &decisions)
        return decisions
    }

    /// Notes orders that the exchange has and the journal has not, and that from now on the two agree under this timeline.
    package mutating func reconcile(_ orders: [JournalledOrder], timeline: Int64) -> Decisions {
        adopted += orders
        self.timeline = timeline
        reports += 1
        isDirty = true
        return Decisions(orders: orders)
    }

    /// Takes the adopted orders as its own though nobody has decided them again.
    package mutating func claimAdopted() {
        guard !adopted.isEmpty else { return }
        pending += adopted
        adopted = []
        reports += 1
        isDirty = true
    }

    /// The strategy is not asked any more: what is under way is settled without it.
    package mutating func end() { isOver = true }

    package var hasSomethingToSell: Bool { sellable.isPositive }

    /// Sells what is held, because a person wants it so; nothing while trading is halted.
    package mutating func sellEverything(
        _ cause: ClientOrderID.Cause,
        reason: String,
        terms: OrderTerms,
        barriers: OrderBarriers
    ) throws -> Decisions {
        var decisions = Decisions()
        guard sellable.isPositive, !barriers.contains(.halted) else { return decisions }
        let intent = OrderIntent(side: .sell, effect: .exit, quantity: sellable, reason: reason)
        let gate = Gate(barriers: [], isStale: false, terms: terms, price: lastPrice, time: terms.signedAt)
        // Each attempt is a decision of its own: the one before came to nothing, and that was reported.
        try carryOut([intent], cause, from: reports, decidedOn: cursor, gate, &decisions)
        isDirty = isDirty || !decisions.isEmpty
        return decisions
    }
}
