import CoreMetrics
import Metrics
import Store

/// What hosting counts. Names as in the documentation.
struct HostingMetrics: Sendable {
    private let fencedWrites = Counter(label: "tenure_fenced_writes_total")
    private let lag = Recorder(label: "tenure_candle_lag_seconds")
    private let restore = Recorder(label: "tenure_failover_seconds", dimensions: [("step", "restore")])
    private let starting = Gauge(label: "tenure_strategies", dimensions: [("status", "starting")])
    private let running = Gauge(label: "tenure_strategies", dimensions: [("status", "running")])
    private let failed = Gauge(label: "tenure_strategies", dimensions: [("status", "failed")])

    func countOrder(_ status: JournalledOrder.Status) {
        Counter(label: "tenure_orders_total", dimensions: [("status", status.rawValue)]).increment()
    }

    func countFencedWrite() { fencedWrites.increment() }

    /// - Parameter reason: why the shard was taken.
    func countRestore(reason: String) {
        Counter(label: "tenure_restores_total", dimensions: [("reason", reason)]).increment()
    }

    /// From the close of a candle to the commit of what it led to.
    func recordLag(_ lag: Duration) { self.lag.record(lag.inSeconds) }

    /// From taking a shard until all of its strategies follow the market.
    func recordRestore(_ duration: Duration) { restore.record(duration.inSeconds) }

    func show(_ census: HostLedger.Census) {
        starting.record(census.starting)
        running.record(census.running)
        failed.record(census.failed)
    }
}

extension Duration {
    /// For metrics.
    fileprivate var inSeconds: Double { self / .seconds(1) }
}
