import FoundationEssentials
import LocalCluster
import TestSupport
import Testing
import Trading

/// What Prometheus gets from a replica that works.
@Suite(.timeLimit(.minutes(5)))
struct MetricsPageTests {
    @Test("everything that is promised is there, and promtool finds nothing wrong")
    func page() async throws {
        let webhook = ["TENURE_WEBHOOK_URL": "http://127.0.0.1:1/", "TENURE_WEBHOOK_SECRET": WebhookFixture.secret]
        try await withCluster(replicas: 2, environment: webhook) { cluster in
            try await cluster.start("BTCUSDT", "1s")
            let owner = try await cluster.owner(of: "BTCUSDT")
            let other = try #require(cluster.cluster.replicas.first { $0.name != owner.name })
            try await cluster.strategy("BTCUSDT", "a candle") { ($0["candles"]?.integer ?? 0) > 0 }
            owner.signal(.kill)
            try await eventually("another owner") { try await cluster.owner(of: "BTCUSDT").name == other.name }
            try await cluster.strategy("BTCUSDT", "running there") { $0["status"]?.string == "running" }
            let candles = try await cluster.strategy("BTCUSDT")?["candles"]?.integer ?? 0
            try await cluster.strategy("BTCUSDT", "a candle there") { ($0["candles"]?.integer ?? 0) > candles + 1 }

            let page = try await cluster.get("/metrics", from: other).body.string ?? ""
            let promised = [
                "tenure_strategies gauge", "tenure_replica_lease_remaining_seconds gauge",
                "tenure_failover_seconds histogram", "tenure_restores_total counter",
                "tenure_fenced_writes_total counter", "tenure_orders_in_doubt gauge",
                "tenure_candle_lag_seconds histogram", "tenure_checkpoint_batch_size histogram",
                "tenure_database_round_trip_seconds histogram", "tenure_http_requests_total counter",
                "tenure_http_request_duration_seconds histogram", "tenure_webhook_deliveries_total counter",
                "tenure_webhook_lag_seconds gauge", "process_cpu_seconds_total counter",
                "process_resident_memory_bytes gauge", "process_virtual_memory_bytes gauge", "process_open_fds gauge",
                "process_max_fds gauge", "process_start_time_seconds gauge",
            ]
            for metric in promised { #expect(page.contains("# TYPE \(metric)\n"), "\(metric)") }
            func value(_ name: String) -> Double {
                page.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
                    .flatMap { $0.split(separator: " ").last }.flatMap { Double($0) } ?? 0
            }
            for step in ["detection", "claim", "restore"] {
                #expect(value(#"tenure_failover_seconds_count{step="\#(step)"}"#) >= 1, "\(step)")
            }
            #expect(value("process_cpu_seconds_total") > 0)
            #expect(value("process_resident_memory_bytes") > 10_000_000)
            #expect(value("process_open_fds") > 10)
            #expect(value("process_start_time_seconds") > 1_700_000_000)

            let directory = try TemporaryDirectory.create(prefix: "tenure-metrics")
            defer { TemporaryDirectory.remove(directory) }
            try page.write(toFile: "\(directory)/page", atomically: true, encoding: .utf8)
            let command = "command -v promtool >/dev/null || exit 77; promtool check metrics < \"$1\""
            let (status, output) = try await ChildProcess.run("sh", ["-c", command, "sh", "\(directory)/page"])
            // Where there is no promtool nothing can be said.
            #expect(status == .exited(0) || status == .exited(77), "\(output)")
        }
    }
}
