package import Trading

/// A place where markets are: what a strategy's host needs to know of it, whoever runs it.
package protocol Exchange: Sendable {
    /// The name under which strategies refer to it: `binance`.
    var name: String { get }

    /// What is traded under `symbol`, and the rules for orders there.
    ///
    /// Cached; what is older than an hour is asked for again.
    ///
    /// - Throws: ``ExchangeError/Code/unknownSymbol`` if there is no such market or it does not trade now.
    func market(_ symbol: Symbol) async throws(ExchangeError) -> Market

    /// The exchange's clock.
    func serverTime() async throws(ExchangeError) -> Timestamp

    /// Closed candles with open time ≥ `from`, oldest first, at most `limit` in all. Never the one that is still forming.
    func candles(
        _ symbol: Symbol,
        _ interval: Interval,
        from: Timestamp,
        limit: Int
    ) async throws(ExchangeError) -> [Candle]

    /// Runs `body` with a gapless sequence of what happens in the market after the candle that opened at `cursor`.
    ///
    /// Every candle with an open time above `cursor` comes exactly once and in order, however often the connection breaks.
    /// The sequence ends when the exchange is shut down, throws an ``ExchangeError`` only for what no retry can mend (an
    /// unknown symbol, a refused request), and a `CancellationError` when the task is cancelled. It has one consumer.
    func withMarketEvents<R: Sendable>(
        _ symbol: Symbol,
        _ interval: Interval,
        after cursor: Timestamp,
        _ body: (MarketEvents) async throws -> R
    ) async throws -> R

    /// Listens to these markets for `duration`, so that whoever follows one of them meanwhile waits for no subscription.
    ///
    /// - Parameter isAttached: Called once: when all of them are attached, or after a moment, whichever comes first.
    func listen(
        to markets: [(symbol: Symbol, interval: Interval)],
        for duration: Duration,
        isAttached: @Sendable () -> Void
    ) async
}
