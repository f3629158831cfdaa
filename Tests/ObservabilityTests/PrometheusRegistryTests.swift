import CoreMetrics
import Observability
import Testing

@Suite("The metrics page", .timeLimit(.minutes(5)))
struct PrometheusRegistryTests {
    private let registry = PrometheusRegistry(catalogue: MetricCatalogue([:]))

    private func counter(_ label: String, _ dimensions: [(String, String)] = []) -> Counter {
        Counter(label: label, dimensions: dimensions, factory: registry)
    }

    @Test("shows counters, gauges and histograms, sorted, with their types")
    func everything() {
        counter("requests_total", [("status", "200"), ("method", "GET")]).increment(by: 3)
        counter("requests_total", [("method", "GET"), ("status", "200")]).increment()
        counter("requests_total", [("status", "404")]).increment()
        Gauge(label: "lease_seconds", dimensions: [], factory: registry).record(2.5)
        Meter(label: "in_doubt", dimensions: [], factory: registry).set(2)
        FloatingPointCounter(label: "paid_total", dimensions: [], factory: registry).increment(by: 0.25)
        #expect(
            registry.render() == """
                # TYPE in_doubt gauge
                in_doubt 2
                # TYPE lease_seconds gauge
                lease_seconds 2.5
                # TYPE paid_total counter
                paid_total 0.25
                # TYPE requests_total counter
                requests_total{method="GET",status="200"} 4
                requests_total{status="404"} 1

                """
        )
    }

    @Test("a timer becomes a histogram in seconds whose buckets cumulate")
    func timer() {
        let registry = PrometheusRegistry(
            catalogue: MetricCatalogue(["took_seconds": .init(help: "How long it took.", buckets: [0.1, 0.01, 1])])
        )
        let timer = Timer(label: "took_seconds", dimensions: [("step", "claim")], factory: registry)
        timer.recordMilliseconds(10)
        timer.recordMilliseconds(11)
        timer.recordMilliseconds(500)
        timer.recordSeconds(5)
        #expect(
            registry.render() == """
                # HELP took_seconds How long it took.
                # TYPE took_seconds histogram
                took_seconds_bucket{step="claim",le="0.01"} 1
                took_seconds_bucket{step="claim",le="0.1"} 2
                took_seconds_bucket{step="claim",le="1"} 3
                took_seconds_bucket{step="claim",le="+Inf"} 4
                took_seconds_sum{step="claim"} 5.521
                took_seconds_count{step="claim"} 4

                """
        )
    }

    @Test("a recorder that aggregates gets buckets for numbers of things")
    func recorder() {
        let recorder = Recorder(label: "batch_size", dimensions: [], aggregate: true, factory: registry)
        recorder.record(7)
        recorder.record(Double.nan)
        let page = registry.render()
        #expect(page.contains("batch_size_bucket{le=\"5\"} 0\n"))
        #expect(page.contains("batch_size_bucket{le=\"10\"} 1\n"))
        #expect(page.contains("batch_size_sum 7\n"))
        #expect(page.contains("batch_size_count 1\n"))
    }

    @Test("label values are escaped and names made valid")
    func escaping() {
        counter("http.requests-total", [("route", "a\"b\\c\nd"), ("1st", "x"), ("__name__", "y")]).increment()
        #expect(
            registry.render() == """
                # TYPE http_requests_total counter
                http_requests_total{_1st="x",exported__name__="y",route="a\\"b\\\\c\\nd"} 1

                """
        )
    }

    @Test("a histogram's own label cannot be taken")
    func reservedLabel() {
        Timer(label: "t_seconds", dimensions: [("le", "mine")], factory: registry).recordSeconds(1)
        #expect(registry.render().contains("t_seconds_bucket{exported_le=\"mine\",le=\"1\"} 1\n"))
    }

    @Test("special values are spelled as Prometheus does")
    func specialValues() {
        Gauge(label: "a", dimensions: [], factory: registry).record(Double.nan)
        Gauge(label: "b", dimensions: [], factory: registry).record(Double.infinity)
        Gauge(label: "c", dimensions: [], factory: registry).record(-Double.infinity)
        Gauge(label: "d", dimensions: [], factory: registry).record(1e-9)
        let values = registry.render().split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(values == ["a NaN", "b +Inf", "c -Inf", "d 1e-09"])
    }

    @Test("a name keeps its first kind; what comes later under it is not shown")
    func kinds() {
        counter("thing").increment()
        Gauge(label: "thing", dimensions: [], factory: registry).record(5)
        Timer(label: "thing", dimensions: [], factory: registry).recordSeconds(5)
        #expect(registry.render() == "# TYPE thing counter\nthing 1\n")
    }

    @Test("a counter never goes down")
    func onlyUp() {
        let counter = FloatingPointCounter(label: "up_total", dimensions: [], factory: registry)
        counter.increment(by: 2.0)
        counter.increment(by: -1.0)
        counter.increment(by: Double.infinity)
        counter.increment(by: Double.nan)
        #expect(registry.render() == "# TYPE up_total counter\nup_total 2\n")
    }

    @Test("a destroyed series is gone, the others stay")
    func destroy() {
        let first = counter("requests_total", [("a", "1")])
        let second = counter("requests_total", [("a", "2")])
        first.increment()
        second.increment()
        first.destroy()
        #expect(registry.render() == "# TYPE requests_total counter\nrequests_total{a=\"2\"} 1\n")
        second.destroy()
        #expect(registry.render() == "")
    }

    @Test("gauges that are read and not counted are read for each page")
    func onRender() {
        let gauge = Gauge(label: "age", dimensions: [], factory: registry)
        registry.onRender { gauge.record(7) }
        #expect(registry.render().contains("age 7\n"))
    }

    @Test("nothing is lost when many tasks count at once")
    func concurrency() async {
        await withTaskGroup { group in
            for task in 0..<8 {
                group.addTask {
                    for _ in 0..<2_000 {
                        Counter(label: "n_total", dimensions: [("task", "\(task % 2)")], factory: registry).increment()
                        Timer(label: "t_seconds", dimensions: [], factory: registry).recordSeconds(1)
                    }
                }
            }
            group.addTask { for _ in 0..<50 { _ = registry.render() } }
        }
        let page = registry.render()
        #expect(page.contains("n_total{task=\"0\"} 8000\n"))
        #expect(page.contains("n_total{task=\"1\"} 8000\n"))
        #expect(page.contains("t_seconds_count 16000\n"))
    }
}
