package import AsyncHTTPClient
package import Logging
import NIOCore
import NIOPosix
package import Trading

/// Binance spot: market data over REST and streams.
///
/// ``run()`` carries the streams; the REST part works without it.
package final class BinanceExchange: Exchange {
    package let name = "binance"

    let configuration: BinanceConfiguration
    let rest: BinanceRESTClient
    private let streams: StreamPool
    private let markets: MarketDirectory
    private let eventLoop: any EventLoop
    private let ownHTTPClient: HTTPClient?

    /// - Parameter httpClient: to be shut down by the caller, after this; without one, the exchange has its own.
    package init(
        configuration: BinanceConfiguration = BinanceConfiguration(),
        httpClient: HTTPClient? = nil,
        logger: Logger
    ) {
        var logger = logger
        logger[metadataKey: "exchange"] = "binance"
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let client = httpClient ?? Self.makeHTTPClient(configuration, eventLoop: eventLoop)
        ownHTTPClient = httpClient == nil ? client : nil
        self.configuration = configuration
        self.eventLoop = eventLoop
        rest = BinanceRESTClient(configuration: configuration, httpClient: client, eventLoop: eventLoop, logger: logger)
        streams = StreamPool(configuration: configuration, eventLoop: eventLoop, logger: logger)
        markets = MarketDirectory(lifetime: configuration.marketLifetime, rest: rest)
    }

    deinit {
        // The client outlives this until its connections are closed.
        ownHTTPClient?.shutdown { _ in }
    }

    /// Keeps the streams, until the task is cancelled or ``shutDown()`` is called. To be called once.
    package func run() async throws {
        try await withTaskCancellationHandler {
            try await streams.run()
        } onCancel: {
            streams.stop()
        }
    }

    /// Closes the connections, ends every sequence of market events, and makes ``run()`` return.
    package func shutDown() { streams.stop() }

    package func market(_ symbol: Symbol) async throws(ExchangeError) -> Market { try await markets.market(symbol) }

    package func serverTime() async throws(ExchangeError) -> Timestamp {
        try ServerTimeDocument(try await rest.get("/api/v3/time", weight: 1)).serverTime
    }

    package func withMarketEvents<R: Sendable>(
        _ symbol: Symbol,
        _ interval: Interval,
        after cursor: Timestamp,
        _ body: (MarketEvents) async throws -> R
    ) async throws -> R {
        let subscription = MarketSubscription(
            interval: interval,
            cursor: cursor,
            bufferLimit: configuration.bufferedCandles,
            backOff: configuration.backOff,
            eventLoop: eventLoop
        ) { [self] (from: Timestamp) async throws(ExchangeError) -> CandlePage in
            try await page(symbol, interval, from: from, limit: Self.largestPage)
        }
        let stream = StreamMessage.name(symbol, interval)
        streams.add(subscription, to: stream)
        defer {
            streams.remove(subscription, from: stream)
            subscription.finish()
        }
        return try await body(MarketEvents(subscription: subscription))
    }

    private static func makeHTTPClient(_ configuration: BinanceConfiguration, eventLoop: any EventLoop) -> HTTPClient {
        var client = HTTPClient.Configuration.singletonConfiguration
        client.timeout.connect = TimeAmount(configuration.connectTimeout)
        client.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = configuration.concurrentRequests
        // A refused connection is to be known at once; the request is tried again anyway.
        client.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: client)
    }
}
