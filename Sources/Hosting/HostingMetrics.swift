import CoreMetrics
import Metrics
import Store
import Synchronization

/// What hosting counts. Names as in the documentation.
final class HostingMetrics: Sendable {
    private let factory: any MetricsFactory
    private let fencedWrites: Counter
    private let lag: Recorder
    private let restore: Recorder
    private let starting: Gauge
    private let running: Gauge
    private let failed: Gauge
    private let quarantined: Gauge
    private let inDoubt: Gauge
    private let orders: [JournalledOrder.Status: Counter]
    private let doubts = Mutex(0)

    init(factory: any MetricsFactory) {
        self.factory = factory
        fencedWrites = Counter(label: "tenure_fenced_writes_total", factory: factory)
        lag = Recorder(label: "tenure_candle_lag_seconds", factory: factory)
        restore = Recorder(label: "tenure_failover_seconds", dimensions: [("step", "restore")], factory: factory)
        func strategies(_ status: String) -> Gauge {
            Gauge(label: "tenure_strategies", dimensions: [("status", status)], factory: factory)
        }
        starting = strategies("starting")
        running = strategies("running")
        failed = strategies("failed")
        quarantined = strategies("quarantined")
        inDoubt = Gauge(label: "tenure_orders_in_doubt", factory: factory)
        inDoubt.record(0)
        let statuses = JournalledOrder.Status.allCases.map { status in
            (status, Counter(label: "tenure_orders_total", dimensions: [("status", status.rawValue)], factory: factory))
        }
        orders = Dictionary(uniqueKeysWithValues: statuses)
        // So that their growth can be asked for from the first one on.
        for reason in Self.restoreReasons { count("tenure_restores_total", ("reason", reason), by: 0) }
    }

    /// Why shards are taken.
    private static let restoreReasons = ["crash", "drain", "rebalance", "vacant"]

    func countOrder(_ status: JournalledOrder.Status) {
        orders[status]?.increment()
    }

    /// So many orders more (or less) wait to be found out about.
    func doubts(_ change: Int) {
        doubts.withLock { doubts in
            doubts += change
            inDoubt.record(doubts)
        }
    }

    func countFencedWrite() { fencedWrites.increment() }

    /// - Parameter reason: why their shards were taken.
    func countRestores(_ number: Int, reason: String) {
        count("tenure_restores_total", ("reason", reason), by: number)
    }

    private func count(_ label: String, _ dimension: (String, String), by amount: Int = 1) {
        Counter(label: label, dimensions: [dimension], factory: factory).increment(by: amount)
    }

    /// From the close of a candle to the commit of what it led to.
    func recordLag(_ lag: Duration) { self.lag.record(lag.inSeconds) }

    /// From taking a shard until all of its strategies follow the market.
    func recordRestore(_ duration: Duration) { restore.record(duration.inSeconds) }

    func show(_ census: HostLedger.Census) {
        starting.record(census.starting)
        running.record(census.running)
        failed.record(census.failed)
        quarantined.record(census.quarantined)
    }
}

extension Duration {
    /// For metrics.
    fileprivate var inSeconds: Double { self / .seconds(1) }
}
