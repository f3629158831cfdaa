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
    let paper: PaperMarket

    private var strategy: AnyStrategy
    private var position: Position
    private var pending: [JournalledOrder]
    private let warmUpEnd: Timestamp
    package private(set) var cursor: Timestamp
    private var candles: Int
    private var lastPrice: FixedDecimal
    /// Whether anything has happened since the last checkpoint.
    package private(set) var isDirty = false

    /// What one event led to: to be committed together with the checkpoint.
    package struct Decisions: Sendable, Equatable {
        package var orders: [JournalledOrder] = []
        package var fills: [Fill] = []

        package var isEmpty: Bool { orders.isEmpty && fills.isEmpty }
    }

    /// A new run. It first reads the strategy's warm-up candles before `lastClosed` (the open time of the candle that has
    /// closed last), and acts from the one after it.
    package init(
        strategyID: Int64,
        symbol: Symbol,
        interval: Interval,
        strategy: AnyStrategy,
        lastClosed: Timestamp,
        paper: PaperMarket
    ) {
        self.strategyID = strategyID
        self.symbol = symbol
        self.interval = interval
        self.strategy = strategy
        self.paper = paper
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
        paper: PaperMarket
    ) throws {
        let state = try RunState(text: checkpoint.state)
        self.strategyID = strategyID
        self.symbol = symbol
        self.interval = interval
        self.paper = paper
        strategy = try mode.restore(config: config, state: state.strategy)
        position = state.position
        pending = state.pending
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
            warmUpEnd: warmUpEnd
        )
        return Checkpoint(
            cursor: cursor,
            candles: candles,
            state: try state.text(),
            position: position,
            lastPrice: lastPrice
        )
    }

    package var hasOpenPosition: Bool { !position.isFlat }

    package mutating func markClean() { isDirty = false }

    /// Whether a candle is processed so late that entries on it are refused: one interval after its close.
    package func isCatchUp(_ candle: Candle, exchangeTime: Timestamp) -> Bool {
        exchangeTime.since(candle.closeTime(interval)) > interval.milliseconds
    }

    /// The next candle has begun: orders that were decided before it are filled at its open.
    package mutating func begin(_ candle: Candle, isPaused: Bool) throws -> Decisions {
        var decisions = Decisions()
        guard candle.openTime == cursor + interval.milliseconds else { return decisions }
        try fillPending(at: candle, Gate(isPaused: isPaused, isStale: false), &decisions)
        return decisions
    }

    /// A candle has closed. Ones that were processed before are ignored.
    package mutating func close(_ candle: Candle, exchangeTime: Timestamp, isPaused: Bool) throws -> Decisions {
        var decisions = Decisions()
        guard candle.openTime > cursor else { return decisions }
        let isStale = strategy.catchUp == .warm && isCatchUp(candle, exchangeTime: exchangeTime)
        let gate = Gate(isPaused: isPaused, isStale: isStale, isWarmUp: candle.openTime <= warmUpEnd)
        try fillPending(at: candle, gate, &decisions)
        cursor = candle.openTime
        candles += gate.isWarmUp ? 0 : 1
        lastPrice = candle.close
        isDirty = true
        let intents = try strategy.handle(.candle(candle), context: context)
        try carryOut(intents, .candle(candle.openTime), decidedOn: candle.openTime, gate, &decisions)
        return decisions
    }
}

extension StrategyRun {
    /// Why intents are refused on this event.
    private struct Gate {
        var isPaused: Bool
        var isStale: Bool
        var isWarmUp = false

        func refusal(of intent: OrderIntent, sellable: FixedDecimal) -> String? {
            if isWarmUp { return "warm-up: this candle is history" }
            if !intent.quantity.isPositive { return "quantity: must be above zero" }
            if intent.quantity.int64 == nil { return "quantity: beyond what can be stored" }
            // On a spot market; anything else would slip past the rules for the other effect.
            switch (intent.effect, intent.side) {
            case (.entry, .sell): return "side: an entry buys"
            case (.exit, .buy): return "side: an exit sells"
            case (.entry, .buy):
                if isPaused { return "paused: no new entries" }
                if isStale { return "stale: this candle is older than one interval" }
                return nil
            case (.exit, .sell):
                return intent.quantity > sellable ? "position: only \(sellable) can be sold" : nil
            }
        }
    }

    /// What is held and not on sale already, so that two exits never sell the same thing.
    private var sellable: FixedDecimal {
        pending.reduce(position.quantity) { $1.intent.side == .sell ? $0 - $1.intent.quantity : $0 }
    }

    private var context: StrategyContext {
        StrategyContext(symbol: symbol, interval: interval, position: position, hasPendingOrder: !pending.isEmpty)
    }

    private mutating func fillPending(at candle: Candle, _ gate: Gate, _ decisions: inout Decisions) throws {
        // One by one: while the first fill is handled, the second order is still on its way.
        while let index = pending.firstIndex(where: { $0.decidedOn < candle.openTime }) {
            let order = pending.remove(at: index)
            isDirty = true
            let fill = paper.fill(order.id, order.intent, at: candle.open, time: candle.openTime)
            position.book(fill)
            decisions.fills.append(fill)
            let intents = try strategy.handle(.fill(fill), context: context)
            try carryOut(intents, .fill(fill.tradeID), decidedOn: candle.openTime, gate, &decisions)
        }
    }

    /// Journals what is allowed, tells the strategy what is not. A refusal may lead to other intents, but not without end.
    private mutating func carryOut(
        _ intents: [OrderIntent],
        _ cause: ClientOrderID.Cause,
        decidedOn: Timestamp,
        _ gate: Gate,
        _ decisions: inout Decisions
    ) throws {
        var rounds: [(intents: [OrderIntent], cause: ClientOrderID.Cause)] = [(intents, cause)]
        var refusals = 0
        while let round = rounds.popLast() {
            for (index, intent) in round.intents.enumerated() {
                let id = ClientOrderID.derive(strategyID: strategyID, cause: round.cause, index: index)
                guard let refusal = gate.refusal(of: intent, sellable: sellable) else {
                    let order = JournalledOrder(id: id, intent: intent, decidedOn: decidedOn)
                    pending.append(order)
                    decisions.orders.append(order)
                    continue
                }
                refusals += 1
                guard refusals <= Self.mostRefusals else { throw HostingError.endlessIntents(mode: strategy.mode) }
                if !gate.isWarmUp {
                    decisions.orders.append(
                        JournalledOrder(
                            id: id,
                            intent: intent,
                            decidedOn: decidedOn,
                            status: .rejected,
                            statusReason: refusal
                        )
                    )
                }
                let next = try strategy.handle(.rejection(intent, reason: refusal), context: context)
                if !next.isEmpty { rounds.append((next, .rejection(id))) }
            }
        }
    }

    private static var mostRefusals: Int { 16 }
}
