import Exchanges
import Trading

/// An exchange of which a test says only what it is asked; to everything else it has no answer.
protocol SilentExchange: Exchange {}

extension SilentExchange {
    var name: String { "binance" }

    func market(_ symbol: Symbol) async throws(ExchangeError) -> Market {
        throw ExchangeError(.unreachable, "not asked here")
    }

    func serverTime() async throws(ExchangeError) -> Timestamp {
        throw ExchangeError(.unreachable, "not asked here")
    }

    func candles(_ symbol: Symbol, _ interval: Interval, from: Timestamp, limit: Int) async throws(ExchangeError)
        -> [Candle]
    { [] }

    func listen(
        to markets: [(symbol: Symbol, interval: Interval)],
        for duration: Duration,
        isAttached: @Sendable () -> Void
    ) async { isAttached() }

    func withMarketEvents<R: Sendable>(
        _ symbol: Symbol,
        _ interval: Interval,
        after cursor: Timestamp,
        _ body: (MarketEvents) async throws -> R
    ) async throws -> R {
        throw ExchangeError(.unreachable, "not asked here")
    }
}
