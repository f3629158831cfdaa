import CoreMetrics
import Synchronization

/// The last value that was set.
final class GaugeCell: MetricCell, RecorderHandler, MeterHandler {
    private let value = Mutex(0.0)

    func record(_ newValue: Int64) { set(Double(newValue)) }
    func record(_ newValue: Double) { set(newValue) }
    func set(_ newValue: Int64) { set(Double(newValue)) }
    func set(_ newValue: Double) { value.withLock { $0 = newValue } }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }

    func render(name: String, labels: SeriesLabels, into text: inout String) {
        text += "\(name)\(labels.braced) \(PrometheusText.number(value.withLock { $0 }))\n"
    }
}
