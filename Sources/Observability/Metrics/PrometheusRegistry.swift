package import CoreMetrics
import Synchronization

/// Keeps every metric of the process and shows them in Prometheus' text format (0.0.4).
///
/// It is the backend of swift-metrics: hand it to `MetricsSystem.bootstrap` and `GET /metrics` to ``render()``. Counters
/// become counters, gauges and meters gauges, aggregating recorders and timers histograms with fixed buckets; timers are
/// shown in seconds. Names and label names are made valid, not refused; a name that is already taken by a metric of
/// another kind gets a handler that records nothing, because showing both would make the whole page invalid.
package final class PrometheusRegistry: Sendable {
    private struct State {
        var families: [String: MetricFamily] = [:]
        var collectors: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())
    private let catalogue: MetricCatalogue

    /// - Parameter catalogue: What is known of some metrics in advance: their help text, and their buckets.
    package init(catalogue: MetricCatalogue = .tenure) {
        self.catalogue = catalogue
    }

    /// Has `update` called before each rendering: for gauges that are read, not counted.
    package func onRender(_ update: @escaping @Sendable () -> Void) {
        state.withLock { $0.collectors.append(update) }
    }

    /// The page: families and series in alphabetical order, so that two renderings can be compared.
    package func render() -> String {
        for update in state.withLock({ $0.collectors }) { update() }
        // Copied under the lock, written outside of it: a slow page never blocks who counts.
        let families = state.withLock { $0.families }
        var text = ""
        for family in families.values.sorted(by: { $0.name < $1.name }) { family.render(into: &text) }
        return text
    }

    /// The content type of ``render()``.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private func series<Cell: MetricCell>(
        _ label: String,
        _ dimensions: [(String, String)],
        _ kind: MetricFamily.Kind,
        make: (String) -> Cell
    ) -> Cell? {
        let name = PrometheusText.metricName(label)
        let labels = SeriesLabels(dimensions, reserved: kind == .histogram ? ["le"] : [])
        return state.withLock { state in
            var family = state.families[name] ?? MetricFamily(name: name, kind: kind, help: catalogue.help(of: name))
            guard family.kind == kind else { return nil }
            if let known = family.series[labels] { return known as? Cell }
            let cell = make(name)
            family.series[labels] = cell
            state.families[name] = family
            return cell
        }
    }

    private func remove(_ handler: AnyObject) {
        guard let cell = handler as? any MetricCell else { return }
        state.withLock { state in
            for (name, var family) in state.families {
                guard let labels = family.series.first(where: { $0.value === cell })?.key else { continue }
                family.series[labels] = nil
                state.families[name] = family.series.isEmpty ? nil : family
                return
            }
        }
    }
}

extension PrometheusRegistry: MetricsFactory {
    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter) { _ in CounterCell() } ?? NOOPMetricsHandler.instance
    }

    package func makeFloatingPointCounter(
        label: String,
        dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions, .counter) { _ in CounterCell() } ?? IgnoredFloatingPointCounter()
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge) { _ in GaugeCell() } ?? NOOPMetricsHandler.instance
    }

    package func makeRecorder(
        label: String,
        dimensions: [(String, String)],
        aggregate: Bool
    ) -> any RecorderHandler {
        if aggregate {
            series(label, dimensions, .histogram) { HistogramCell(bounds: catalogue.buckets(of: $0)) }
                ?? NOOPMetricsHandler.instance
        } else {
            series(label, dimensions, .gauge) { _ in GaugeCell() } ?? NOOPMetricsHandler.instance
        }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, .histogram) { name in
            HistogramCell(bounds: catalogue.buckets(of: name, otherwise: MetricCatalogue.secondsBuckets))
        } ?? NOOPMetricsHandler.instance
    }

    package func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    package func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    package func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    package func destroyTimer(_ handler: any TimerHandler) { remove(handler) }
}

/// Stands in for a floating-point counter whose name belongs to another kind of metric.
private final class IgnoredFloatingPointCounter: FloatingPointCounterHandler {
    func increment(by amount: Double) {}
    func reset() {}
}
