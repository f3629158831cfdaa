import CoreMetrics
import Synchronization

/// Only goes up: negative, infinite and undefined amounts are ignored.
final class CounterCell: MetricCell, CounterHandler, FloatingPointCounterHandler {
    private let value = Mutex(0.0)

    func increment(by amount: Int64) {
        increment(by: Double(amount))
    }

    func increment(by amount: Double) {
        guard amount > 0, amount.isFinite else { return }
        value.withLock { $0 += amount }
    }

    func reset() {
        value.withLock { $0 = 0 }
    }

    func render(name: String, labels: SeriesLabels, into text: inout String) {
        text += "\(name)\(labels.braced) \(PrometheusText.number(value.withLock { $0 }))\n"
    }
}
