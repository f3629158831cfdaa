import Exchanges
import Store
import Trading

// What is about to be handed over to this replica finds its markets attached: to subscribe takes a round trip to the exchange,
// and exchanges take few such messages a second.

extension StrategyHost {
    /// For as long as a hand-over may take; whatever has not come by then is not coming.
    private static let expectation = Duration.seconds(30)

    /// Listens to the markets of these shards for a while; `isReady` is called, once, when they are attached, or after a moment.
    func listen(to shards: [Int], isReady: @Sendable () -> Void) async {
        // Nothing depends on it: without it, a strategy subscribes when it comes.
        await listen(to: (try? await services.repository.markets(of: shards)) ?? [], isReady: isReady)
    }

    /// As above, for markets.
    func listen(
        to markets: [(exchange: String, symbol: Symbol, interval: Interval)],
        isReady: @Sendable () -> Void = {}
    ) async {
        let groups = Dictionary(grouping: markets, by: \.exchange).compactMap { name, markets in
            services.exchanges[name].map {
                (exchange: $0, markets: markets.map { ($0.symbol, $0.interval) }, CompletionSignal())
            }
        }
        await withDiscardingTaskGroup { group in
            for (exchange, markets, attached) in groups {
                group.addTask { await exchange.listen(to: markets, for: Self.expectation) { attached.complete() } }
            }
            for (_, _, attached) in groups { await attached.wait() }
            isReady()
        }
    }
}
