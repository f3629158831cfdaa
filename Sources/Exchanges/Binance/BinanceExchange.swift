package import AsyncHTTPClient
package import Logging
package import Trading

/// Binance spot: market data.
package final class BinanceExchange: Exchange {
    package let name = "binance"
    private let configuration: BinanceConfiguration
    private let logger: Logger

    package init(
        configuration: BinanceConfiguration = BinanceConfiguration(),
        httpClient: HTTPClient? = nil,
        logger: Logger
    ) {
        self.configuration = configuration
        self.logger = logger
    }

    /// Keeps the streams. Returns when the task is cancelled or ``shutDown()`` was called.
    package func run() async throws {}

    /// Ends every sequence of market events and makes ``run()`` return. Nothing works afterwards.
    package func shutDown() {}

    package func market(_ symbol: Symbol) async throws(ExchangeError) -> Market {
        throw ExchangeError(.unreachable, "not connected")
    }

    package func serverTime() async throws(ExchangeError) -> Timestamp {
        throw ExchangeError(.unreachable, "not connected")
    }

    package func candles(
        _ symbol: Symbol,
        _ interval: Interval,
        from: Timestamp,
        limit: Int
    ) async throws(ExchangeError) -> [Candle] {
        throw ExchangeError(.unreachable, "not connected")
    }

    package func withMarketEvents<R: Sendable>(
        _ symbol: Symbol,
        _ interval: Interval,
        after cursor: Timestamp,
        _ body: (MarketEvents) async throws -> R
    ) async throws -> R {
        throw ExchangeError(.unreachable, "not connected")
    }
}
