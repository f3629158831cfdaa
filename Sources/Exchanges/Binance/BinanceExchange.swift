import AsyncHTTPClient
package import Logging
import NIOCore
import NIOPosix
import Synchronization
package import Trading

/// Binance spot: market data over REST and streams and, with credentials, an account.
///
/// ``run()`` carries the streams; the REST part works without it.
package final class BinanceExchange: Exchange {
    package let name = "binance"

    /// How long an answer serves those who come after it. A candle's age is told by it, so it is short.
    static let answerLifetime = Duration.milliseconds(250)

    let configuration: BinanceConfiguration
    let rest: BinanceRESTClient
    /// The account, if there are credentials.
    package let trading: BinanceTrading?
    let streams: StreamPool
    private let markets: MarketDirectory
    /// The exchange's clock, for all who ask at once.
    let clock: SharedAnswers<Void, Timestamp>
    private let histories = Mutex([String: (history: CandleHistory, users: Int)]())
    private let eventLoop: any EventLoop
    private let httpClient: HTTPClient

    /// - Parameter replicas: how many replicas there are now, this one included: they may share the address.
    package init(
        configuration: BinanceConfiguration = BinanceConfiguration(),
        replicas: @Sendable @escaping () -> Int = { 1 },
        logger: Logger
    ) {
        var logger = logger
        logger[metadataKey: "exchange"] = "binance"
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        httpClient = Self.makeHTTPClient(configuration, eventLoop: eventLoop)
        self.configuration = configuration
        self.eventLoop = eventLoop
        rest = BinanceRESTClient(
            configuration: configuration,
            replicas: replicas,
            httpClient: httpClient,
            eventLoop: eventLoop,
            logger: logger
        )
        clock = SharedAnswers(
            lifetime: Self.answerLifetime,
            covers: { _, _ in true },
            ask: { [rest] _ async throws(ExchangeError) in try await rest.serverTime() }
        )
        streams = StreamPool(
            configuration: configuration,
            dialect: .market(url: configuration.streamURL),
            eventLoop: eventLoop,
            logger: logger
        )
        trading = configuration.credentials.map { [rest] credentials in
            BinanceTrading(
                credentials: credentials,
                configuration: configuration,
                rest: rest,
                eventLoop: eventLoop,
                logger: logger
            )
        }
        markets = MarketDirectory(lifetime: configuration.marketLifetime, rest: rest)
    }

    deinit {
        // The client outlives this until its connections are closed.
        httpClient.shutdown { _ in }
    }

    /// Keeps the streams, until the task is cancelled or ``shutDown()`` is called. To be called once.
    package func run() async throws {
        try await withTaskCancellationHandler {
            guard let trading else { return try await streams.run() }
            // It ends with the streams.
            async let _ = trading.keepTime()
            try await withThrowingTaskGroup { group in
                group.addTask { try await self.streams.run() }
                group.addTask { try await trading.stream.run() }
                try await group.waitForAll()
            }
        } onCancel: {
            shutDown()
        }
    }

    /// Closes the connections, ends every sequence of market events, and makes ``run()`` return.
    package func shutDown() {
        streams.stop()
        trading?.stream.stop()
    }

    // MARK: Pauses

    /// What the exchange has demanded of this replica; for one consumer.
    package var pauses: AsyncStream<ExchangePause> { rest.pauses }

    /// The exchange has demanded it of somebody else.
    package func keep(_ pause: ExchangePause) { rest.keep(pause) }

    /// How long nothing is sent from here any more; zero: it is.
    package func pauseLeft(_ scope: ExchangePause.Scope) -> Duration {
        rest.end(of: scope).map { max(.zero, ContinuousClock.now.duration(to: $0)) } ?? .zero
    }

    // MARK: The market

    package func market(_ symbol: Symbol) async throws(ExchangeError) -> Market { try await markets.market(symbol) }

    /// Keeps what is known of all markets young, so that nobody waits for it. Until the task is cancelled.
    package func keepMarkets() async { await markets.keep() }

    package func serverTime() async throws(ExchangeError) -> Timestamp { try await rest.serverTime() }

    package func withMarketEvents<R: Sendable>(
        _ symbol: Symbol,
        _ interval: Interval,
        after cursor: Timestamp,
        _ body: (MarketEvents) async throws -> R
    ) async throws -> R {
        let stream = StreamMessage.name(symbol, interval)
        let history = history(symbol, interval, of: stream)
        let subscription = MarketSubscription(
            interval: interval,
            cursor: cursor,
            bufferLimit: configuration.bufferedCandles,
            backOff: configuration.backOff,
            eventLoop: eventLoop
        ) { (from: Timestamp, since: ContinuousClock.Instant) async throws(ExchangeError) -> CandlePage in
            try await history.page(from: from, since: since)
        }
        streams.add(subscription, to: stream)
        defer {
            streams.remove(subscription, from: stream)
            subscription.finish()
            releaseHistory(of: stream)
        }
        return try await body(MarketEvents(subscription: subscription))
    }

    /// One for all consumers of a stream, as long as there are any.
    private func history(_ symbol: Symbol, _ interval: Interval, of stream: String) -> CandleHistory {
        histories.withLock { histories in
            let history =
                histories[stream]?.history
                ?? CandleHistory(interval: interval, clock: clock) {
                    [self] (from: Timestamp, time: Timestamp) async throws(ExchangeError) -> CandlePage in
                    try await page(symbol, interval, from: from, limit: Self.largestPage, time: time)
                }
            histories[stream] = (history, (histories[stream]?.users ?? 0) + 1)
            return history
        }
    }

    private func releaseHistory(of stream: String) {
        histories.withLock { histories in
            guard let (history, users) = histories[stream] else {
                preconditionFailure("the history of \(stream) was released more often than taken")
            }
            histories[stream] = users > 1 ? (history, users - 1) : nil
        }
    }

    private static func makeHTTPClient(_ configuration: BinanceConfiguration, eventLoop: any EventLoop) -> HTTPClient {
        var client = HTTPClient.Configuration.singletonConfiguration
        client.timeout.connect = TimeAmount(configuration.connectTimeout)
        client.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.concurrentRequests
        // A refused connection is to be known at once; the request is tried again anyway.
        client.connectionPool.retryConnectionEstablishment = false
        // An order must not be sent on to somebody else, nor a second time.
        client.redirectConfiguration = .disallow
        // Nobody traces, and an order would wait for the attributes to be written.
        client.tracing.tracer = nil
        // One loop for all of it: each that sleeps takes time to wake.
        return HTTPClient(eventLoopGroupProvider: .shared(eventLoop), configuration: client)
    }
}
