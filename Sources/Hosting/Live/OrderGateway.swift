import Exchanges
import Logging
import Store
import Trading

/// The way of one strategy's orders to the exchange: sends each once, and finds out what became of those that left.
struct OrderGateway: Sendable {
    let venue: LiveVenue
    let market: Market
    let logger: Logger

    private var trading: any TradingExchange { venue.trading }

    /// For what is decided now.
    func terms() async throws -> OrderTerms { terms(at: try await trading.now()) }

    func terms(at time: Timestamp) -> OrderTerms {
        OrderTerms(signedAt: time, receiveWindow: venue.receiveWindow, filters: market.filters)
    }

    // MARK: Sending

    /// Sends an order that has just been committed.
    ///
    /// - Returns: What became of it; `nil` if that is not known: the order is in doubt.
    func send(_ order: JournalledOrder) async -> OrderResult? {
        guard let signedAt = order.signedAt, let window = order.receiveWindow else {
            preconditionFailure("a live order that was not signed")
        }
        // Nobody else will send it, so what is not sent here never is.
        guard venue.isTrusted() else {
            return unsent(order, "the database has not confirmed this replica's lease in time")
        }
        let request = OrderRequest(
            symbol: market.symbol,
            side: order.intent.side,
            kind: .market,
            quantity: order.intent.quantity,
            clientOrderID: order.id,
            signedAt: signedAt,
            receiveWindow: window
        )
        venue.feed.watch(order.id)
        // Unstructured: once it has begun, its answer is waited for (as long as a request may take), although the strategy is
        // being stopped or handed over; else every drain would leave orders in doubt. At once: no other thread is to take it up.
        let answer = Task.immediate { await trading.place(request) }
        // What takes time is done while it is under way.
        logger.info("\(order.line(of: market.symbol))", metadata: order.metadata)
        switch await answer.value {
        case .accepted(let known):
            return OrderResult(known, trades: known.trades, in: market)
        case .rejected(let rejection):
            venue.feed.forget(order.id)
            return OrderResult(
                orderID: order.id,
                status: .rejected,
                reason: "the exchange refuses it: \(rejection.message)"
                    + (rejection.code.map { " (\($0))" } ?? ""),
                isHopeless: rejection.reason == .unauthorized
            )
        case .notSent(let reason):
            venue.feed.forget(order.id)
            return unsent(order, reason)
        case .duplicate:
            return nil
        case .unknown(let reason):
            logger.warning("Order in doubt", metadata: ["order.id": "\(order.id)", "reason": "\(reason)"])
            return nil
        }
    }

    func unsent(_ order: JournalledOrder, _ reason: String) -> OrderResult {
        OrderResult(orderID: order.id, status: .abandoned, reason: "not sent: \(reason)")
    }

    // MARK: Finding out

    /// Waits until there is something new about an order that has left, or may have.
    ///
    /// - Parameters:
    ///   - booked: the trades that are known already.
    ///   - doubt: told why, when it turns out that this will take a while.
    func resolve(
        _ order: JournalledOrder,
        booked: Set<String>,
        doubt: (_ reason: String) async -> Void
    ) async throws -> OrderResult {
        let rule = OrderDoubt(
            signedAt: order.signedAt ?? order.decidedOn,
            receiveWindow: order.receiveWindow ?? venue.receiveWindow,
            settlingMargin: venue.settlingMargin
        )
        venue.feed.watch(order.id)
        var pause = Duration.milliseconds(50)
        while true {
            try Task.checkCancellation()
            do {
                let asked = try await trading.now()
                if let result = try await look(for: order) {
                    let isNews = result.fills.contains { !booked.contains($0.tradeID) }
                    if result.status.isFinal { venue.feed.forget(order.id) }
                    if result.status.isFinal || isNews { return result }
                } else {
                    var action = rule.notFound(askedAt: asked)
                    if action == .confirm { action = try await confirm(order, rule, asked) }
                    switch action {
                    case .wait(let milliseconds):
                        await doubt("the exchange does not show it; certain in \(milliseconds) ms")
                        pause = min(pause, .milliseconds(milliseconds))
                    case .abandon:
                        venue.feed.forget(order.id)
                        return OrderResult(
                            orderID: order.id,
                            status: .abandoned,
                            reason: "it never reached the exchange, which does not accept it any more"
                        )
                    case .confirm: break
                    }
                }
            } catch let error as ExchangeError where error.isTransient {
                await doubt("the exchange cannot be asked: \(error.message)")
            }
            await venue.feed.wait(for: order.id, atMost: pause)
            pause = min(pause * 2, .seconds(1))
        }
    }

    /// The order with all that is known of it; `nil` if the exchange does not know it (yet).
    private func look(for order: JournalledOrder) async throws -> OrderResult? {
        if let (told, trades) = venue.feed.latest(order.id) {
            let result = OrderResult(told, trades: trades, in: market)
            if result.status.isFinal { return result }
        }
        guard let found = try await trading.order(order.id, market.symbol) else { return nil }
        return try await result(found)
    }

    private func result(_ found: ExchangeOrder) async throws -> OrderResult {
        let trades = found.executed.isZero ? [] : try await trading.trades(market.symbol, orderID: found.id)
        return OrderResult(found, trades: trades, in: market)
    }

    /// Looks where an order must show if it was accepted.
    private func confirm(_ order: JournalledOrder, _ rule: OrderDoubt, _ asked: Timestamp) async throws
        -> OrderDoubt.Action
    {
        // The exchange accepts what is signed up to a second ahead of its own clock.
        let since = (order.signedAt ?? order.decidedOn) - 1_000
        let open = try await trading.openOrders(market.symbol)
        let all = try await trading.orders(market.symbol, since: since)
        let trades = try await trading.trades(market.symbol, since: since)
        // Listed after all: the next look finds it, or the one after.
        if (open + all).contains(where: { $0.clientOrderID == order.id }) { return .wait(50) }
        let listed = Set((open + all).map(\.id))
        return rule.notListed(askedAt: asked, strangers: trades.contains { !listed.contains($0.orderID) })
    }

    // MARK: Agreeing with the exchange's books

    /// Waits until no request of before can be accepted any more, and whatever was accepted is shown.
    func waitUntilQuiet() async throws {
        let end = try await trading.now() + venue.receiveWindow + venue.settlingMargin
        while true {
            let left = end.since(try await trading.now())
            guard left >= 0 else { return }
            // The exchange's clock can only be asked.
            try await Task.sleep(for: .milliseconds(min(left + 1, 1_000)))
        }
    }

    struct Books: Sendable {
        /// With our prefix, oldest first.
        let ours: [ExchangeOrder]
        /// Open orders of somebody else.
        let strangers: Int
        /// What there is of the base asset.
        let held: FixedDecimal
    }

    /// What the exchange has of this account in this market, as far as it began at or after a moment, and all open orders.
    func books(since start: Timestamp) async throws -> Books {
        let open = try await trading.openOrders(market.symbol)
        let all = try await trading.orders(market.symbol, since: start)
        let byID = Dictionary((open + all).map { ($0.id, $0) }) { $1 }
        let isOurs = { (order: ExchangeOrder) in order.clientOrderID.hasPrefix(ClientOrderID.prefix) }
        let account = try await trading.account()
        return Books(
            ours: byID.values.filter(isOurs).sorted { $0.id < $1.id },
            strangers: open.filter { !isOurs($0) }.count,
            held: account.balances[market.baseAsset]?.total ?? .zero
        )
    }

    /// An order that the journal does not know, as a row of it.
    func adopted(_ order: ExchangeOrder, decidedOn: Timestamp, reason: String) -> JournalledOrder {
        JournalledOrder(
            id: order.clientOrderID,
            intent: OrderIntent(
                side: order.side,
                effect: order.side == .buy ? .entry : .exit,
                quantity: order.quantity,
                reason: "found at the exchange"
            ),
            decidedOn: decidedOn,
            status: .acknowledged,
            statusReason: reason,
            signedAt: order.time,
            receiveWindow: venue.receiveWindow
        )
    }
}
