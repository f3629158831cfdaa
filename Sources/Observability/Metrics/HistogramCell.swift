import CoreMetrics
import Synchronization

/// Counts observations by fixed upper bounds. Observations that are not numbers are ignored: one would spoil the sum for good.
final class HistogramCell: MetricCell, RecorderHandler, TimerHandler {
    private struct State {
        /// Observations per bucket, not cumulated; the last one is above every bound.
        var counts: [UInt64]
        var sum = 0.0
    }

    /// Upper bounds, inclusive, ascending, without infinity.
    private let bounds: [Double]
    private let state: Mutex<State>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard !value.isNaN else { return }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock {
            $0.counts[bucket] += 1
            $0.sum += value
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func render(name: String, labels: SeriesLabels, into text: inout String) {
        let state = state.withLock { $0 }
        var total: UInt64 = 0
        for (bound, count) in zip(bounds + [.infinity], state.counts) {
            total += count
            text += "\(name)_bucket\(labels.braced(adding: "le", PrometheusText.number(bound))) \(total)\n"
        }
        text += "\(name)_sum\(labels.braced) \(PrometheusText.number(state.sum))\n"
        text += "\(name)_count\(labels.braced) \(total)\n"
    }
}
