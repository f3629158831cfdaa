package import Exchanges
package import Logging
import Synchronization

/// An account to trade on, and the rules for it.
package struct LiveVenue: Sendable {
    let trading: any TradingExchange
    let feed: AccountFeed
    let audits = AuditTurns()
    /// How long after it was signed the exchange accepts an order, in milliseconds.
    let receiveWindow: Int64
    /// How long after that window an accepted order may still be missing from the exchange's answers, in milliseconds.
    let settlingMargin: Int64
    /// Whether an order may leave this process now.
    let isTrusted: @Sendable () -> Bool

    package init(
        trading: any TradingExchange,
        receiveWindow: Duration,
        settlingMargin: Duration,
        isTrusted: @escaping @Sendable () -> Bool,
        logger: Logger
    ) {
        self.trading = trading
        self.receiveWindow = Int64(receiveWindow / .milliseconds(1))
        self.settlingMargin = Int64(settlingMargin / .milliseconds(1))
        self.isTrusted = isTrusted
        feed = AccountFeed(logger: logger)
    }

    /// Listens to what happens in the account, until the task is cancelled.
    package func run() async throws { try await feed.run(trading) }
}

/// Spreads what is asked of the exchange for each strategy taken up: a second apart, which is about half of Binance's request
/// budget.
final class AuditTurns: Sendable {
    private let taken = Atomic<Int64>(0)

    /// In milliseconds from now.
    func turn() -> Int64 { taken.wrappingAdd(1_000, ordering: .relaxed).oldValue }
}
