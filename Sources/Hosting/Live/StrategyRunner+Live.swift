import Coordination
import Exchanges
import Logging
import Store
import Strategies
import Synchronization
import Trading

// Orders that leave.

extension StrategyRunner {
    /// `nil` for a strategy on paper.
    func gateway(on exchange: any Exchange) async throws -> OrderGateway? {
        guard definition.execution == .live else { return nil }
        guard let venue = services.venues[exchange.name] else { throw HostingError.liveNotAllowed }
        return OrderGateway(venue: venue, market: try await exchange.market(definition.symbol), logger: logger)
    }

    /// Before the strategy is fed: what was under way when it was left, here or elsewhere, is settled.
    func settleLeftovers(_ gateway: OrderGateway) async throws {
        guard let checkpoint = control.withLock({ $0.committed }) else { return }
        var run = try restored(from: checkpoint)
        try await settleLeftovers(&run, gateway)
    }

    private func settleLeftovers(_ run: inout StrategyRun, _ gateway: OrderGateway) async throws {
        if run.timeline != token.timeline {
            // The database may have lost the last commits: requests of then may still be under way, and orders may be there
            // of which nothing is known here. The strategy will decide them once more, and must not send them again.
            try await gateway.waitUntilQuiet()
            try await adopt(&run, gateway, since: run.cursor)
        }
        try await carryOut(StrategyRun.Decisions(), .none, &run, gateway)
        if control.withLock({ $0.hasOldDoubt }) {
            control.withLock { $0.hasOldDoubt = false }
            await note(kind: "in_doubt", nil, pausesEntries: false)
        }
    }

    /// - Parameters:
    ///   - decisions: of a step that has just been committed.
    ///   - new: the orders that this commit has put into the journal.
    func carryOut(
        _ decisions: StrategyRun.Decisions,
        _ new: NewOrders,
        _ run: inout StrategyRun,
        _ gateway: OrderGateway
    ) async throws {
        if let refusal = decisions.refusedByMarket { await note(refusal: refusal) }
        var queue = outgoing(decisions.orders, new)
        while true {
            // All of a step leave before the first is waited for.
            while !queue.isEmpty {
                guard let result = try await send(queue.removeFirst(), gateway) else { continue }
                queue += try await take(result, &run, gateway)
            }
            guard let order = run.unsettled.first else { return }
            let result: OrderResult
            do {
                result = try await gateway.resolve(order, booked: run.bookedTrades(of: order.id)) { reason in
                    await note(doubt: reason, about: order)
                }
            } catch {
                await endDoubt(about: order)
                throw error
            }
            await endDoubt(about: order)
            queue += try await take(result, &run, gateway)
        }
    }

    /// Books what the exchange said, and commits what that leads to. Returns what is to be sent next.
    private func take(_ result: OrderResult, _ run: inout StrategyRun, _ gateway: OrderGateway) async throws
        -> [Outgoing]
    {
        // What is known is recorded also when the clock cannot be asked now; an order that this leads to is then refused by the
        // exchange if its time is too old.
        let signed = run.unsettled.compactMap(\.signedAt).max() ?? run.cursor
        let terms = (try? await gateway.terms()) ?? gateway.terms(at: signed)
        let (decisions, new) = try await commit(&run) { run, barriers in
            try run.take(result, exchangeTime: terms.signedAt, barriers: barriers, terms: terms)
        }
        for settlement in decisions.settlements where settlement.status.isFinal {
            services.metrics.countOrder(settlement.status)
            if settlement.status == .rejected { await note(refusal: settlement.reason ?? "no reason is given") }
            if settlement.status == .filled { await note(refusal: nil) }
            guard settlement.status != .filled else { continue }
            logger.warning(
                "Order \(settlement.status.rawValue)",
                metadata: ["order.id": "\(settlement.orderID)", "reason": "\(settlement.reason ?? "")"]
            )
        }
        if result.isHopeless { throw HostingError.refusedByExchange(result.reason ?? "no reason is given") }
        if let refusal = decisions.refusedByMarket { await note(refusal: refusal) }
        return outgoing(decisions.orders, new)
    }

    /// An order that has just been committed.
    private struct Outgoing {
        let order: JournalledOrder
        let new: NewOrders
    }

    private func outgoing(_ orders: [JournalledOrder], _ new: NewOrders) -> [Outgoing] {
        orders.filter { $0.status == .intended }.map { Outgoing(order: $0, new: new) }
    }

    /// `nil`: it is not known what became of it.
    private func send(_ outgoing: Outgoing, _ gateway: OrderGateway) async throws -> OrderResult? {
        let order = outgoing.order
        let halted = gateway.unsent(order, "trading is halted")
        if !outgoing.new.allows(order.id, at: .now) {
            // The commit was repeated, its answer is old, or the order was there before.
            let (ids, isHalted) = try await readBack(order)
            guard ids.contains(order.id) else { return nil }
            if isHalted { return halted }
        }
        let sent = await services.halt.sending { await gateway.send(order) }
        return if let sent { sent } else { halted }
    }

    private func readBack(_ order: JournalledOrder) async throws -> (ids: Set<String>, isHalted: Bool) {
        do {
            // Unstructured: that the strategy is being handed over must not lose what it has just decided.
            return try await Task(operation: { try await services.repository.sendable([order], of: guarded) }).value
        } catch {
            return try await services.retrying { try await services.repository.sendable([order], of: guarded) }
        }
    }

    // MARK: Agreeing with the exchange

    /// Takes orders of ours that the journal does not know into it. Returns how many there were.
    @discardableResult
    private func adopt(_ run: inout StrategyRun, _ gateway: OrderGateway, since start: Timestamp) async throws -> Int {
        let books = try await gateway.books(since: start)
        if books.strangers > 0, control.withLock({ !$0.hasSeenStrangers }) {
            control.withLock { $0.hasSeenStrangers = true }
            logger.notice(
                "There are open orders in this market that are not ours; they are left alone",
                metadata: ["count": "\(books.strangers)"]
            )
        }
        let known = try await services.retrying {
            try await services.repository.known(books.ours.map(\.clientOrderID))
        }
        let unknown = books.ours.filter { !known.contains($0.clientOrderID) }
        let reason = "reconciled under timeline \(token.timeline)"
        let orders = unknown.map { gateway.adopted($0, decidedOn: run.cursor, reason: reason) }
        if !orders.isEmpty || run.timeline != token.timeline {
            _ = try await commit(&run) { run, _ in run.reconcile(orders, timeline: token.timeline) }
        }
        if !orders.isEmpty {
            logger.warning(
                "Adopted orders that the journal did not know",
                metadata: ["order.ids": "\(orders.map(\.id))", "timeline": "\(token.timeline)"]
            )
        }
        // What is sold and not booked yet is not missing. (Of what is bought, a fee may be gone.)
        let sold = books.ours.filter { $0.side == .sell }
            .reduce(FixedDecimal.zero) { $0 + run.unbooked($1.clientOrderID, executed: $1.executed) }
        let isUncovered = !run.position.quantity.isZero && books.held < run.position.quantity - sold
        let isNews = control.withLock { control in
            defer { control.isUncovered = isUncovered }
            // Whoever resumes it without having mended it is told once more.
            return isUncovered && !(control.isUncovered && control.isPaused)
        }
        if isNews {
            await pauseEntries(
                "the account has \(books.held) \(gateway.market.baseAsset), less than this strategy's position of "
                    + "\(run.position.quantity): mend it, and resume"
            )
        }
        return orders.count
    }

    /// Once the strategy has caught up: orders of ours that it has not decided again are nobody's doing. They are booked, and
    /// it opens no positions until a person has looked.
    func claimUnknown(_ run: inout StrategyRun, _ gateway: OrderGateway) async throws {
        let unclaimed = run.unclaimed
        guard !unclaimed.isEmpty else { return }
        run.claimAdopted()
        await pauseEntries(
            "the exchange has orders of this strategy that it did not decide, now booked: "
                + "\(unclaimed.map(\.id).joined(separator: ", ")); look at them, and resume"
        )
        try await commitPresent(&run)
        try await carryOut(StrategyRun.Decisions(), .none, &run, gateway)
    }

    /// Compares the journal with the exchange's books: once when the strategy has been taken up, and then every ten minutes.
    /// It is done after a candle, when nothing waits for the strategy; a strategy just taken up waits its turn, so that
    /// a failover of hundreds leaves the exchange's request budget to their orders.
    func audit(_ run: inout StrategyRun, at time: Timestamp, _ gateway: OrderGateway) async throws {
        let agreed = control.withLock { control -> Timestamp? in
            let due = control.auditDue ?? time + gateway.venue.audits.turn() % Self.auditInterval
            control.auditDue = due
            // What is new here has no past with the exchange.
            let agreed = control.audited ?? definition.checkpoint?.cursor ?? time
            control.audited = agreed
            return due <= time ? agreed : nil
        }
        guard let agreed else { return }
        // What was accepted before it last looked may have been shown only after it.
        let start = agreed - gateway.venue.receiveWindow - gateway.venue.settlingMargin
        let adopted: Int
        do {
            adopted = try await adopt(&run, gateway, since: start)
        } catch let error as ExchangeError where error.isTransient {
            return logger.warning(
                "The journal could not be compared with the exchange; the next candle tries again",
                metadata: ["error": "\(error)"]
            )
        }
        control.withLock { control in
            control.audited = time
            control.auditDue = time + Self.auditInterval
        }
        if adopted > 0 { try await claimUnknown(&run, gateway) }
    }

    /// In milliseconds of the market's time.
    private static let auditInterval: Int64 = 600_000

    private func pauseEntries(_ reason: String) async {
        setPaused(true)
        logger.error("Entries are paused", metadata: ["reason": "\(reason)"])
        await note(kind: "entries_paused", reason, pausesEntries: true)
    }

    /// Says that the exchange refuses its orders, or would, once, until it takes one (`nil`).
    private func note(refusal: String?) async {
        let isRefused = refusal != nil
        let isNews = control.withLock { control in
            defer { control.isRefused = isRefused }
            return control.isRefused != isRefused
        }
        guard isNews else { return }
        await note(kind: "order_refused", refusal.map(OrderTrouble.refusal.message), pausesEntries: false)
    }

    // MARK: Doubt

    private func note(doubt reason: String, about order: JournalledOrder) async {
        let isNews = control.withLock { $0.doubts.insert(order.id).inserted }
        guard isNews else { return }
        services.metrics.doubts(+1)
        let message = OrderTrouble.doubt.message("\(order.id): \(reason)")
        await note(kind: "in_doubt", message, pausesEntries: false)
    }

    private func endDoubt(about order: JournalledOrder) async {
        guard control.withLock({ $0.doubts.remove(order.id) }) != nil else { return }
        services.metrics.doubts(-1)
        await note(kind: "in_doubt", nil, pausesEntries: false)
    }

    func note(kind: String, _ message: String?, pausesEntries: Bool) async {
        do {
            try await services.repository.note(guarded, kind: kind, message: message, pausesEntries: pausesEntries)
        } catch {
            // It is for people only; what counts is in the journal.
            logger.warning("A note about the strategy could not be stored", metadata: ["error": "\(error)"])
        }
    }

    // MARK: The end

    enum WindingUp {
        case ended
        /// What it holds cannot be sold now: trading is halted.
        case heldUp
    }

    /// Settles what is under way, for a strategy that is to be stopped, and sells what it holds if that is wanted. Ends early if
    /// the strategy is somebody else's now.
    func windUp(closesPosition: Bool) async -> WindingUp {
        let backOff = BackOffPolicy()
        var attempt = 0
        while true {
            do {
                return try await windUpOnce(closesPosition: closesPosition)
            } catch let error as HostingError {
                if error != .lost { logger.error("Not wound up", metadata: ["error": "\(error)"]) }
                return .ended
            } catch is CancellationError {
                return .ended
            } catch let error as ExchangeError where !error.isTransient {
                logger.error("Not wound up", metadata: ["error": "\(error)"])
                return .ended
            } catch {
                logger.warning("Not wound up yet; trying again", metadata: ["error": "\(error)"])
            }
            attempt += 1
            // The exchange, or the database, is away; neither says when it is back.
            do { try await Task.sleep(for: backOff.delay(attempt: attempt)) } catch { return .ended }
        }
    }

    private func windUpOnce(closesPosition: Bool) async throws -> WindingUp {
        guard let exchange = services.exchanges[definition.exchange] else {
            throw HostingError.unknownExchange(definition.exchange)
        }
        guard let checkpoint = control.withLock({ $0.committed }) else { return .ended }
        var run = try restored(from: checkpoint)
        guard closesPosition || !run.unsettled.isEmpty || !run.unclaimed.isEmpty,
            let gateway = try await gateway(on: exchange)
        else { return .ended }
        run.end()
        run.claimAdopted()
        try await settleLeftovers(&run, gateway)
        guard closesPosition else { return .ended }
        return try await sellEverything(.stop, reason: "stopped", &run, gateway) ? .ended : .heldUp
    }

    /// Sells what is held, as far as it can be sold. What is filled in part, or refused for a passing reason, is tried again.
    ///
    /// - Returns: False if trading is halted.
    func sellEverything(
        _ cause: ClientOrderID.Cause,
        reason: String,
        _ run: inout StrategyRun,
        _ gateway: OrderGateway
    ) async throws -> Bool {
        for _ in 0..<3 {
            guard run.hasSomethingToSell else { break }
            let terms = try await gateway.terms()
            var barriers: OrderBarriers = []
            let (decisions, new) = try await commit(&run, isWorthIt: { !$1.isEmpty }) {
                barriers = $1
                return try $0.sellEverything(cause, reason: reason, terms: terms, barriers: $1)
            }
            if barriers.contains(.halted) { return false }
            try await carryOut(decisions, new, &run, gateway)
            guard decisions.orders.contains(where: { $0.status == .intended }) else { break }
        }
        return true
    }

    private var guarded: GuardedStrategy { GuardedStrategy(definition.id, token) }
}
