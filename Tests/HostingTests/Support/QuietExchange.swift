import NIOPosix
import Synchronization
import Trading

@testable import Exchanges

/// An exchange with any number of markets in which nothing happens: a strategy that asks for what it has missed learns that
/// there is nothing. The joining is the real one.
final class QuietExchange: Exchange {
    struct Counts: Sendable {
        /// Who has asked for candles, in this order.
        var asked: [Symbol] = []
        var atOnce = 0
        var mostAtOnce = 0
    }

    let name = "binance"
    private let state = Mutex(Counts())

    var counts: Counts { state.withLock { $0 } }

    func market(_ symbol: Symbol) async throws(ExchangeError) -> Market {
        throw ExchangeError(.unknownSymbol, "nobody asks")
    }

    func serverTime() async throws(ExchangeError) -> Timestamp { Candles.start }

    func candles(
        _ symbol: Symbol,
        _ interval: Interval,
        from: Timestamp,
        limit: Int
    ) async throws(ExchangeError) -> [Candle] { [] }

    func withMarketEvents<R: Sendable>(
        _ symbol: Symbol,
        _ interval: Interval,
        after cursor: Timestamp,
        _ body: (MarketEvents) async throws -> R
    ) async throws -> R {
        let subscription = MarketSubscription(
            interval: interval,
            cursor: cursor,
            bufferLimit: 10,
            backOff: BackOffPolicy(),
            eventLoop: MultiThreadedEventLoopGroup.singleton.next()
        ) { [self] (from: Timestamp) async throws(ExchangeError) -> CandlePage in
            state.withLock { state in
                state.asked.append(symbol)
                state.atOnce += 1
                state.mostAtOnce = max(state.mostAtOnce, state.atOnce)
            }
            // So that as many are under way at once as are let in.
            await Task.yield()
            state.withLock { $0.atOnce -= 1 }
            return CandlePage(candles: [], reaches: cursor, isComplete: true, exchangeTime: Candles.start)
        }
        subscription.streamAttached()
        defer { subscription.finish() }
        return try await body(MarketEvents(subscription: subscription))
    }
}
