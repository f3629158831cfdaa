import FoundationEssentials
import LocalCluster
import TestSupport
import Testing
import Trading

/// The database's disk is full: first it refuses what needs more room, then it cannot write its log and ends.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct FullDiskTests {
    @Test(
        "a full disk of the database: refused with a reason, shown, and everything goes on once there is room",
        .enabled("no file system can be mounted here") { await SmallDisk.isPossible() }
    )
    func fullDisk() async throws {
        let directory = "/tmp/tenure-cluster-\(UInt32.random(in: .min ... .max))"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await SmallDisk.with(path: "\(directory)/postgres", megabytes: 160) { disk in
            try await withCluster(
                postgresSettings: ["min_wal_size": "32MB", "max_wal_size": "48MB"],
                directory: directory
            ) { cluster in
                let symbols = (10..<16).map { "SIM00\($0)USDT" }
                try await cluster.start(all: symbols)
                let before = try await cluster.running(symbols.count, candles: 3)

                // What needs another page is refused. That is not what a replica is to be taken for dead for.
                try await disk.fill()
                let started = try await startUntilRefused(cluster)
                print("Full disk: \(started.count) starts found room")
                for replica in cluster.cluster.replicas { #expect(try await replica.isReady()) }

                // The log has no room either: PostgreSQL ends.
                let server = try #require(cluster.database.process)
                try await eventually("PostgreSQL ends") {
                    if server.exitStatus != nil { return true }
                    _ = try? await cluster.database.query("SELECT pg_switch_wal()")
                    _ = try? await cluster.sql("INSERT INTO tenure.events (kind, details) VALUES ('filler', '{}')")
                    return server.exitStatus != nil
                }
                await cluster.database.stop(.immediate)
                for replica in cluster.cluster.replicas {
                    try await eventually("\(replica.name) is not ready") { try await !replica.isReady() }
                }
                let answer = try await cluster.get("/api/live-strategy/status", from: cluster.cluster.replicas[0])
                #expect(answer.status == 503)
                #expect(answer["detail"]?.string?.contains("database") == true, "\(answer.body.text)")

                try disk.free()
                try await cluster.database.start()
                for replica in cluster.cluster.replicas { try await replica.waitUntilReady() }
                // Every start that was answered, and none that was refused.
                let most = before.values.compactMap { $0["candles"]?.integer }.max() ?? 0
                let after = try await cluster.running(symbols.count + started.count, candles: most + 3)
                #expect(Set(after.keys) == Set(symbols + started))
                for symbol in symbols {
                    try expectContinuity(try #require(before[symbol]), try #require(after[symbol]))
                }
            }
        }
    }

    /// Starts strategies until one is refused for want of room; returns those that run.
    private func startUntilRefused(_ cluster: TestCluster) async throws -> [String] {
        var started: [String] = []
        for number in 100..<300 {
            let symbol = "SIM0\(number)USDT"
            let answer = try await cluster.post(
                "/api/live-strategy/start",
                #"{"symbol":"\#(symbol)","mode":"scalp","interval":"1s"}"#
            )
            // Accepted, and its first checkpoint may have to wait for room.
            if answer.status == 201 || answer.status == 202 {
                started.append(symbol)
                continue
            }
            #expect(answer.status == 503, "\(answer.body.text)")
            #expect(answer["type"]?.string?.hasPrefix("urn:tenure:problem:") == true)
            return started
        }
        Issue.record("200 starts found room on a full disk")
        return started
    }
}
