import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
package import Trading

/// An account on Binance spot: orders and queries over REST, signed, and the user data stream over the WebSocket API.
///
/// Part of a ``BinanceExchange``, with which it shares the budget of requests.
package final class BinanceTrading: TradingExchange {
    /// How long a query may be under way, in milliseconds, before the exchange refuses it.
    private static let queryWindow: Int64 = 10_000
    /// What one request may ask for.
    private static let largestPage = 1_000

    let credentials: BinanceCredentials
    let rest: BinanceRESTClient
    let stream: StreamPool
    private let clock: Mutex<ExchangeClock>
    private let clockLifetime: Duration

    init(
        credentials: BinanceCredentials,
        configuration: BinanceConfiguration,
        rest: BinanceRESTClient,
        eventLoop: any EventLoop,
        logger: Logger
    ) {
        self.credentials = credentials
        self.rest = rest
        clock = Mutex(ExchangeClock(lifetime: configuration.clockLifetime))
        clockLifetime = configuration.clockLifetime
        stream = StreamPool(
            configuration: configuration,
            dialect: .account(credentials, url: configuration.accountStreamURL, rest: rest, window: Self.queryWindow),
            eventLoop: eventLoop,
            logger: logger
        )
    }

    var headers: HTTPHeaders { ["X-MBX-APIKEY": credentials.apiKey] }

    // MARK: Time

    package func now() async throws(ExchangeError) -> Timestamp {
        if let time = knownTime { return time }
        return try await askTime()
    }

    /// The exchange's clock, as far as it is known without asking.
    var knownTime: Timestamp? { clock.withLock { $0.now(.now) } }

    private func askTime() async throws(ExchangeError) -> Timestamp {
        let asked = ContinuousClock.now
        let time = try await rest.serverTime()
        clock.withLock { $0.told(time, asked: asked, answered: .now) }
        return time
    }

    /// Asks for the time before it has to be asked for, until the task is cancelled: so no order waits for that, and there is always
    /// an open connection for it.
    func keepTime() async {
        guard clockLifetime > .zero else { return }
        // Cancellation ends it.
        while (try? await Task.sleep(for: clockLifetime / 2)) != nil {
            // Whoever needs it then asks again, and is told what is wrong.
            _ = try? await askTime()
        }
    }

    /// The next time is asked for again.
    func forgetTime() { clock.withLock { $0.forget() } }

    // MARK: Queries

    package func order(_ clientOrderID: String, _ symbol: Symbol) async throws(ExchangeError) -> ExchangeOrder? {
        let parameters = [("symbol", symbol.name), ("origClientOrderId", clientOrderID)]
        do throws(ExchangeError) {
            return try OrderDocument.order(try await query("order", parameters, weight: 4))
        } catch {
            if error.exchangeCode == BinanceErrorDocument.noSuchOrder { return nil }
            throw error
        }
    }

    package func openOrders(_ symbol: Symbol?) async throws(ExchangeError) -> [ExchangeOrder] {
        let parameters = symbol.map { [("symbol", $0.name)] } ?? []
        return try OrderDocument.orders(try await query("openOrders", parameters, weight: symbol == nil ? 80 : 6))
    }

    package func orders(_ symbol: Symbol, since start: Timestamp) async throws(ExchangeError) -> [ExchangeOrder] {
        var orders: [ExchangeOrder] = []
        var from = ("startTime", "\(start.milliseconds)")
        while true {
            let parameters = [("symbol", symbol.name), from, ("limit", "\(Self.largestPage)")]
            let page = try OrderDocument.orders(try await query("allOrders", parameters, weight: 20))
            orders += page
            guard page.count == Self.largestPage, let last = page.map(\.id).max() else { return orders }
            from = ("orderId", "\(last + 1)")
        }
    }

    package func trades(_ symbol: Symbol, since start: Timestamp) async throws(ExchangeError) -> [ExchangeTrade] {
        try await trades([("symbol", symbol.name)], from: ("startTime", "\(start.milliseconds)"), weight: 20)
    }

    package func trades(_ symbol: Symbol, orderID: Int64) async throws(ExchangeError) -> [ExchangeTrade] {
        try await trades([("symbol", symbol.name), ("orderId", "\(orderID)")], from: nil, weight: 5)
    }

    private func trades(
        _ parameters: [(String, String)],
        from: (String, String)?,
        weight: Int
    ) async throws(ExchangeError) -> [ExchangeTrade] {
        var trades: [ExchangeTrade] = []
        var from = from
        while true {
            let parameters = parameters + [from].compactMap(\.self) + [("limit", "\(Self.largestPage)")]
            let page = try TradeDocument.trades(try await query("myTrades", parameters, weight: weight))
            trades += page
            guard page.count == Self.largestPage, let last = page.map(\.id).max() else { return trades }
            from = ("fromId", "\(last + 1)")
        }
    }

    package func account() async throws(ExchangeError) -> ExchangeAccount {
        try AccountDocument.account(try await query("account", [("omitZeroBalances", "true")], weight: 20))
    }

    /// Signed anew for each attempt, so that one that had to wait is not refused for it.
    private func query(
        _ path: String,
        _ parameters: [(String, String)],
        weight: Int
    ) async throws(ExchangeError) -> Data {
        let query = SignedQuery(parameters.map { (name: $0.0, value: $0.1) })
        var hasResynchronized = false
        while true {
            do throws(ExchangeError) {
                let asked = try await now()
                return try await rest.get(weight: weight, headers: headers) {
                    let time = self.knownTime ?? asked
                    return "/api/v3/\(path)?"
                        + query.signed(at: time, receiveWindow: Self.queryWindow, by: self.credentials)
                }
            } catch {
                // The exchange's clock was set: once more by its new time.
                guard error.code == .outsideWindow, !hasResynchronized else { throw error }
                hasResynchronized = true
                forgetTime()
            }
        }
    }

    // MARK: Events

    package func withAccountEvents<R: Sendable>(
        _ body: (AsyncStream<AccountEvent>) async throws -> R
    ) async throws -> R {
        let subscription = AccountSubscription()
        stream.add(subscription, to: StreamMessage.accountStream)
        defer {
            stream.remove(subscription, from: StreamMessage.accountStream)
            subscription.finish()
        }
        return try await body(subscription.events)
    }
}
