import CoreMetrics
import Metrics
import Store

/// What hosting counts. Names as in the documentation.
struct HostingMetrics: Sendable {
    let fencedWrites = Counter(label: "tenure_fenced_writes_total")
    let restores = Counter(label: "tenure_restores_total")
    let candleLag = Gauge(label: "tenure_candle_lag_seconds")

    func countOrder(_ status: JournalledOrder.Status) {
        Counter(label: "tenure_orders_total", dimensions: [("status", status.rawValue)]).increment()
    }
}
