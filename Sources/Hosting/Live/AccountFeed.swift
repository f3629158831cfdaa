import Exchanges
import Logging
import Synchronization

/// What the exchange tells by itself of orders that somebody here waits for. It only makes things known sooner: whoever waits
/// asks the exchange's books when nothing comes.
final class AccountFeed: Sendable {
    private struct Watch {
        var order: ExchangeOrder?
        var trades: [Int64: ExchangeTrade] = [:]
        var isNews = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let watches = Mutex<[String: Watch]>([:])
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    func run(_ trading: any TradingExchange) async throws {
        try await trading.withAccountEvents { events in
            for await event in events {
                switch event {
                case .order(let report): told(report.order)
                case .interrupted(let reason):
                    logger.info("The account's stream is interrupted", metadata: ["reason": "\(reason)"])
                case .joined, .balances: break
                }
            }
        }
    }

    /// From here on what is told of this order is kept.
    func watch(_ orderID: String) {
        watches.withLock { if $0[orderID] == nil { $0[orderID] = Watch() } }
    }

    func forget(_ orderID: String) {
        let waiter = watches.withLock { $0.removeValue(forKey: orderID)?.waiter }
        waiter?.resume()
    }

    /// What has been told of an order so far, with all of its trades.
    func latest(_ orderID: String) -> (order: ExchangeOrder, trades: [ExchangeTrade])? {
        watches.withLock { watches in
            watches[orderID]?.isNews = false
            guard let watch = watches[orderID], let order = watch.order else { return nil }
            return (order, Array(watch.trades.values))
        }
    }

    /// Returns when there is news of this order that ``latest(_:)`` has not told, after `limit`, or when cancelled. An order has
    /// one that waits.
    func wait(for orderID: String, atMost limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.news(of: orderID) }
            // Cancellation ends it too.
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }

    private func news(of orderID: String) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let isDue = watches.withLock { watches in
                    if Task.isCancelled || watches[orderID]?.isNews != false { return true }
                    watches[orderID]?.waiter = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            let waiter = watches.withLock { $0[orderID]?.waiter.take() }
            waiter?.resume()
        }
    }

    private func told(_ order: ExchangeOrder) {
        let waiter = watches.withLock { watches -> CheckedContinuation<Void, Never>? in
            guard var watch = watches[order.clientOrderID] else { return nil }
            for trade in order.trades { watch.trades[trade.id] = trade }
            watch.isNews = true
            // Reports may come late: the one that knows more counts.
            let isLate = watch.order.map { !$0.status.isOpen || $0.executed > order.executed } ?? false
            if !isLate { watch.order = order }
            let waiter = watch.waiter.take()
            watches[order.clientOrderID] = watch
            return waiter
        }
        waiter?.resume()
    }
}
