import NIOPosix
import Synchronization
import Trading

@testable import Exchanges

/// An exchange with any number of markets in which nothing happens: a strategy that asks for what it has missed learns that
/// there is nothing, once he is let go. The joining is the real one.
final class QuietExchange: Exchange {
    struct Counts: Sendable {
        /// Who has asked for candles, in this order.
        var asked: [Symbol] = []
        var atOnce = 0
        var mostAtOnce = 0
        /// To which markets somebody listens without following one.
        var listened: Set<Symbol> = []
    }

    let name = "binance"
    private struct State {
        var counts = Counts()
        var isHolding = true
        var held: [AsyncStream<Void>.Continuation] = []
    }

    private let state = Mutex(State())

    var counts: Counts { state.withLock { $0.counts } }

    /// Answers the first of those who wait.
    func letOneGo() { state.withLock { $0.held.removeFirst() }.finish() }

    /// Answers everybody, from now on at once.
    func letAllGo() {
        let held = state.withLock { state in
            defer { (state.isHolding, state.held) = (false, []) }
            return state.held
        }
        for answer in held { answer.finish() }
    }

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

    func listen(
        to markets: [(symbol: Symbol, interval: Interval)],
        for duration: Duration,
        isAttached: @Sendable () -> Void
    ) async {
        state.withLock { $0.counts.listened.formUnion(markets.map(\.symbol)) }
        isAttached()
    }

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
        ) { [self] (from: Timestamp, _: ContinuousClock.Instant) async throws(ExchangeError) -> CandlePage in
            let (answer, answering) = AsyncStream<Void>.makeStream()
            state.withLock { state in
                state.counts.asked.append(symbol)
                state.counts.atOnce += 1
                state.counts.mostAtOnce = max(state.counts.mostAtOnce, state.counts.atOnce)
                if state.isHolding { state.held.append(answering) } else { answering.finish() }
            }
            for await _ in answer {}
            state.withLock { $0.counts.atOnce -= 1 }
            return CandlePage(candles: [], reaches: cursor, isComplete: true, exchangeTime: Candles.start)
        }
        subscription.streamAttached(StreamMemory(since: .now))
        defer { subscription.finish() }
        return try await body(MarketEvents(subscription: subscription))
    }
}
