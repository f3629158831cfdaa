import LocalCluster
import Logging
import Postgres
import TestSupport
import Testing
import Trading

/// Replicas leave, each strategy handed over at a settled point.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct DrainTests {
    @Test("a drain under load: of many strategies none misses a candle or sees one twice, and nobody is fenced")
    func drain() async throws {
        try await withCluster { cluster in
            let symbols = (1...60).map { "SIM00\($0 < 10 ? "0" : "")\($0)USDT" }
            try await cluster.start(all: symbols)
            try await cluster.waitUntilBalanced()
            let before = try await cluster.running(symbols.count, candles: 3)
            let owner = try await cluster.owner(of: symbols[0])
            let moving = before.values.count { $0["owner"]?["name"]?.string == owner.name }
            #expect(moving >= 19)
            let process = try #require(owner.process.process)
            await owner.stop()
            #expect(try await process.waitForExit() == .exited(0))
            _ = try await owner.output.first(containing: "Left the cluster")

            let most = before.values.compactMap { $0["candles"]?.integer }.max() ?? 0
            let after = try await cluster.running(symbols.count, candles: most + 4)
            for symbol in symbols { try expectContinuity(try #require(before[symbol]), try #require(after[symbol])) }
            #expect(after.values.allSatisfy { $0["owner"]?["name"]?.string != owner.name })
            // It left of its own accord: nobody had to fence it, and what it had moved once.
            #expect(try await cluster.sql("SELECT count(*) FROM tenure.replicas WHERE fenced_at IS NOT NULL") == "0")
            for (symbol, strategy) in after {
                let moves = (strategy["epoch"]?.integer ?? 0) - (before[symbol]?["epoch"]?.integer ?? 0)
                #expect(moves == (before[symbol]?["owner"]?["name"]?.string == owner.name ? 1 : 0))
            }
        }
    }

    @Test("asked for over HTTP, through any replica, a replica hands over, and its process ends with status 0")
    func onRequest() async throws {
        try await withCluster { cluster in
            for symbol in ["BTCUSDT", "ETHUSDT", "SOLUSDT"] { try await cluster.start(symbol, "1s") }
            let before = try await cluster.strategy("BTCUSDT", "three candles") { ($0["candles"]?.integer ?? 0) >= 3 }
            let owner = try await cluster.owner(of: "BTCUSDT")
            let other = try #require(cluster.cluster.replicas.first { $0.name != owner.name })
            let id = try await cluster.id(of: owner)
            let process = try #require(owner.process.process)

            let answer = try await cluster.post("/api/replicas/\(id)/drain", "", to: other)
            #expect(answer.status == 202)
            #expect(answer["status"]?.string == "draining" && answer["drain_requested_at"]?.string != nil)
            #expect(try await process.waitForExit() == .exited(0))
            let after = try await cluster.strategy("BTCUSDT", "three more candles elsewhere") {
                $0["status"]?.string == "running" && $0["owner"]?["name"]?.string != owner.name
                    && ($0["candles"]?.integer ?? 0) >= (before["candles"]?.integer ?? 0) + 3
            }
            try expectContinuity(before, after)
            #expect(try await cluster.post("/api/replicas/\(id)/drain", "", to: other).status == 404)
            #expect(try await cluster.sql("SELECT count(*) FROM tenure.replicas WHERE fenced_at IS NOT NULL") == "0")
            #expect(
                try await cluster.sql("SELECT count(*) FROM tenure.events WHERE kind = 'drain_requested'") == "1"
            )

            // The same by command, and by name.
            let second = try await cluster.command("drain", other.name, "--wait")
            #expect(second.status == 0)
            #expect(second.output.contains("(\(other.name)) has handed everything over and is gone."))
            let refused = try await cluster.command("drain", "\(id)")
            #expect(refused.status == 1)
            #expect(refused.output.contains("tenure: There is no replica \(id), or it is gone."))
            #expect(try await cluster.command("drain", other.name).status == 1)
            let left = try #require(cluster.cluster.replicas.first { $0.name != owner.name && $0.name != other.name })
            let listed = try await cluster.command("replicas")
            #expect(listed.output.split(separator: "\n").count == 2 && listed.output.contains(left.name))
            let shown = try await cluster.command("status", "BTCUSDT")
            #expect(shown.output.contains("BTCUSDT") && shown.output.contains(left.name))
            let json = try JSONValue(text: try await cluster.command("status", "--json").output)
            guard case .array(let items)? = json["items"] else { throw UnexpectedAnswer(answer: answer) }
            #expect(items.count == 3)
        }
    }

    @Test(
        "a drain that hangs is ended by a second signal, or when its time is over; the crash path does the rest",
        arguments: [true, false]
    )
    func hangingDrain(isSignalledTwice: Bool) async throws {
        // The lease cannot be what helps: it is far too long.
        let environment = [
            "TENURE_LEASE_TTL": "120s", "TENURE_DRAIN_TIMEOUT": isSignalledTwice ? "120s" : "1s",
        ]
        try await withCluster(replicas: 2, environment: environment) { cluster in
            try await cluster.start("BTCUSDT", "1s")
            let before = try await cluster.strategy("BTCUSDT", "three candles") { ($0["candles"]?.integer ?? 0) >= 3 }
            let owner = try await cluster.owner(of: "BTCUSDT")
            let id = try await cluster.id(of: owner)
            let process = try #require(owner.process.process)
            let other = try #require(cluster.cluster.replicas.first { $0.name != owner.name })
            // Only a lock that was seen held says anything when it is free.
            try await eventually("the other one waits for its lock") {
                try await cluster.sql(
                    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = \(id)"
                ) != "0"
            }

            // Nothing of the draining replica gets past its own row now.
            let obstacle = try await PostgresConnection.connect(
                patient(cluster.cluster.databaseURL),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            try await obstacle.query("BEGIN")
            try await obstacle.query("SELECT FROM tenure.replicas WHERE id = \(Int64(id)) FOR UPDATE")
            owner.signal(.terminate)
            _ = try await owner.output.first(containing: "Draining")
            if isSignalledTwice {
                #expect(process.exitStatus == nil)
                owner.signal(.terminate)
            }
            #expect(try await process.waitForExit() == .exited(1))
            let reason = isSignalledTwice ? "Asked to end a second time" : "The drain took longer than"
            // Its last line may be read after its end is known.
            _ = try await owner.output.first(containing: reason)
            await obstacle.close()

            let after = try await cluster.strategy("BTCUSDT", "three more candles elsewhere") {
                $0["status"]?.string == "running" && $0["owner"]?["name"]?.string == other.name
                    && ($0["candles"]?.integer ?? 0) >= (before["candles"]?.integer ?? 0) + 3
            }
            try expectContinuity(before, after)
            #expect(other.output.recent.contains { $0.contains("Fenced replica \(id) (session lost)") })
        }
    }
}
