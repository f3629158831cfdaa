package import Exchanges
package import Store
import Trading

/// Keeps this replica attached to the markets of strategies that others run, so that what it takes over from one that has
/// died follows its market at once: to subscribe and to look at history are two round trips to the exchange for each.
///
/// A market is listened to by all replicas then, which costs bandwidth and processor time: so where there are more than so
/// many, none is. A take-over of thousands shares its subscriptions, and needs the processors for other things.
package struct StandbyListener: Sendable {
    private let exchanges: [String: any Exchange]
    private let repository: JournalRepository
    private let limit: Int

    /// How old the list of markets may become.
    private static let period = Duration.seconds(5)
    /// Until it is there at first: the schema may be on its way.
    private static let firstPause = Duration.milliseconds(250)

    /// - Parameter limit: Markets; 0: none, however few there are.
    package init(exchanges: [String: any Exchange], repository: JournalRepository, limit: Int) {
        self.exchanges = exchanges
        self.repository = repository
        self.limit = limit
    }

    /// Until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            var isListening = false
            while !Task.isCancelled {
                // Nothing depends on it: without it, a strategy subscribes when it comes.
                if let markets = try? await repository.activeMarkets(atMost: limit + 1) {
                    isListening = true
                    for (name, markets) in Dictionary(grouping: markets.count > limit ? [] : markets, by: \.exchange) {
                        guard let exchange = exchanges[name] else { continue }
                        let markets = markets.map { ($0.symbol, $0.interval) }
                        // Into the next period, so that nothing is given up in between.
                        group.addTask { await exchange.listen(to: markets, for: Self.period * 2) {} }
                    }
                }
                // Cancelled when the process ends.
                try? await Task.sleep(for: isListening ? Self.period : Self.firstPause)
            }
        }
    }
}
