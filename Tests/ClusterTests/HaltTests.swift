import LocalCluster
import TestSupport
import Testing
import Trading

/// A halt and real processes.
@Suite("A halt", .timeLimit(.minutes(5)))
struct HaltTests {
    @Test("a halt reaches every replica, and survives restarts of all of them and of PostgreSQL")
    func survives() async throws {
        // What was committed is to be there after the crash of PostgreSQL, unlike in most tests.
        try await withCluster(postgresSettings: ["synchronous_commit": "on"]) { cluster in
            let replicas = cluster.cluster.replicas
            try await cluster.start("BTCUSDT", "1s")
            var delays: [String] = []
            for _ in 0..<5 {
                let halted = try await cluster.post("/api/halt", #"{"reason":"a test"}"#)
                #expect(halted.status == 200, "\(halted.body.text)")
                delays.append(
                    try await cluster.sql(
                        """
                        SELECT round(max(extract(epoch FROM r.halt_heard_at - h.since)) * 1000, 1)
                        FROM tenure.replicas r, tenure.halt h
                        """
                    )
                )
                for replica in replicas {
                    #expect(try await cluster.get("/readyz", from: replica)["halted"] == .bool(true))
                }
                #expect(try await cluster.command("unhalt").output.contains("not halted"))
            }
            print("A halt reached the last of \(replicas.count) replicas after \(delays.joined(separator: ", ")) ms")

            let halted = try await cluster.command("halt", "--reason", "the exchange is mad")
            #expect(halted.status == 0 && halted.output.contains("the exchange is mad"), "\(halted.output)")
            for replica in replicas { await replica.kill() }
            try await cluster.cluster.postgres.restart(.immediate)
            for replica in replicas { try replica.start() }
            for replica in replicas { try await replica.waitUntilReady() }
            for replica in replicas {
                try await eventually("\(replica.name) has heard") {
                    try await cluster.get("/readyz", from: replica)["halted"] == .bool(true)
                }
                guard case .string(let metrics) = try await cluster.get("/metrics", from: replica).body else {
                    continue
                }
                #expect(metrics.contains("\ntenure_halted 1\n"))
            }
            // The load balancer has to notice them, too.
            _ = try await cluster.get("/api/halt")
            let status = try await cluster.command("status")
            let isShown = status.output.contains("TRADING IS HALTED") && status.output.contains("the exchange is mad")
            #expect(isShown, "\(status.output)")
            // Its candles go on, and nothing leaves.
            let candles = try await cluster.strategy("BTCUSDT")?["candles"]?.integer ?? 0
            try await cluster.strategy("BTCUSDT", "more candles") { ($0["candles"]?.integer ?? 0) > candles + 3 }
            let kinds = try await cluster.sql(
                "SELECT DISTINCT kind FROM tenure.events WHERE kind LIKE '%halted' ORDER BY 1"
            )
            #expect(kinds == "halted\nunhalted")
        }
    }
}
