import LocalCluster
import TestSupport
import Testing
import Trading

/// A strategy survives whatever happens to the process that runs it.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct FailoverTests {
    @Test("a strategy started through the load balancer runs, and every replica tells the same of it")
    func startAndStatus() async throws {
        try await withCluster { cluster in
            let started = try await cluster.start("BTCUSDT", "1s")
            #expect(started["status"]?.string == "running")
            #expect(started["epoch"]?.integer == 1)
            try await cluster.strategy("BTCUSDT", "five candles") { ($0["candles"]?.integer ?? 0) >= 5 }

            // Asked at the same moment, within one candle, all three answers are the same but for the heartbeat.
            try await eventually("the same answer from every replica") {
                var answers: Set<[String?]> = []
                for replica in cluster.cluster.replicas {
                    let strategy = try await cluster.strategy("BTCUSDT", from: replica)
                    answers.insert(
                        ["status", "candles", "last_candle", "pnl", "position", "trades_count", "owner", "epoch"]
                            .map { strategy?[$0]?.text }
                    )
                }
                return answers.count == 1
            }
            let owner = try await cluster.owner(of: "BTCUSDT")
            _ = try await owner.output.first(containing: "Saved strategy: BTCUSDT (scalp)")
        }
    }

    @Test("after kill -9 of its owner another replica runs it on, without a candle missing or repeated")
    func kill() async throws {
        try await withCluster { cluster in
            try await cluster.start("BTCUSDT", "1s")
            let before = try await cluster.strategy("BTCUSDT", "three candles") { ($0["candles"]?.integer ?? 0) >= 3 }
            let owner = try await cluster.owner(of: "BTCUSDT")
            let victim = try #require(before["owner"]?["id"]?.integer)
            await owner.kill()

            let after = try await cluster.strategy("BTCUSDT", "another owner, and three more candles") {
                $0["status"]?.string == "running" && $0["owner"]?["id"]?.integer != victim
                    && ($0["candles"]?.integer ?? 0) >= (before["candles"]?.integer ?? 0) + 3
            }
            #expect(after["epoch"]?.integer == (before["epoch"]?.integer ?? 0) + 1)
            #expect(after["restores"]?.integer == (before["restores"]?.integer ?? 0) + 1)
            try expectContinuity(before, after)

            let others = cluster.cluster.replicas.filter { $0.name != owner.name }
            #expect(
                others.contains { $0.output.recent.contains { $0.contains("Fenced replica \(victim) (session lost)") } }
            )
            let heir = try await cluster.owner(of: "BTCUSDT")
            _ = try await heir.output.first(containing: "Restoring 1 strategies")
            _ = try await heir.output.first(containing: "✓ Restored strategy: BTCUSDT (scalp)")
        }
    }

    @Test(
        "a stopped process loses its strategies after one TTL, and writes nothing more once it goes on",
        arguments: [true, false]
    )
    func freeze(serverEndsSilentSessions: Bool) async throws {
        var environment = ["TENURE_LEASE_TTL": "3s"]
        // Where something keeps a silent session alive, the lease alone has to do it.
        if !serverEndsSilentSessions { environment["PGOPTIONS"] = "-c idle_session_timeout=0" }
        try await withCluster(environment: environment) { cluster in
            try await cluster.start("BTCUSDT", "1s")
            let before = try await cluster.strategy("BTCUSDT", "three candles") { ($0["candles"]?.integer ?? 0) >= 3 }
            let victim = try #require(before["owner"]?["id"]?.integer)
            let owner = try await cluster.owner(of: "BTCUSDT")
            owner.signal(.stop)
            try await cluster.strategy("BTCUSDT", "another owner") {
                $0["status"]?.string == "running" && $0["owner"]?["id"]?.integer != victim
            }
            // Else whatever comes first: both are a TTL after the last heartbeat.
            if !serverEndsSilentSessions {
                let others = cluster.cluster.replicas.filter { $0.name != owner.name }
                #expect(
                    others.contains {
                        $0.output.recent.contains { $0.contains("Fenced replica \(victim) (lease expired)") }
                    }
                )
            }
            owner.signal(.resume)
            _ = try await owner.output.first(
                containing: "Replica \(victim) was fenced; its strategies are stopped here"
            )
            // Nothing was confirmed to it, and it must not say so.
            #expect(!owner.output.recent.contains { $0.contains("Resumed: the lease is confirmed again") })
            // The sleeper joins again as a new replica, and the strategy goes on where it is.
            try await owner.waitUntilReady()
            let taken = try await cluster.strategy("BTCUSDT", "the strategy") { $0["status"]?.string == "running" }
            let after = try await cluster.strategy("BTCUSDT", "three more candles") {
                ($0["candles"]?.integer ?? 0) >= (taken["candles"]?.integer ?? 0) + 3
            }
            try expectContinuity(before, after)
            // It is a full member again: left alone, it runs the strategy.
            for replica in cluster.cluster.replicas where replica.name != owner.name { await replica.kill() }
            let alone = try await cluster.strategy("BTCUSDT", "three more candles on the one that slept") {
                $0["owner"]?["name"]?.string == owner.name
                    && ($0["candles"]?.integer ?? 0) >= (after["candles"]?.integer ?? 0) + 3
            }
            try expectContinuity(after, alone)
            // For each (shard, epoch) at most one replica ever decided anything.
            let writers = try await cluster.sql(
                """
                SELECT count(*) FROM (SELECT o.shard, o.epoch FROM tenure.orders o
                    LEFT JOIN tenure.ownership w USING (shard, epoch) WHERE w.shard IS NULL AND o.epoch > 1) AS unowned
                """
            )
            #expect(writers == "0")
        }
    }

    @Test("all replicas killed, one started again: it restores everything")
    func lastOneStanding() async throws {
        try await withCluster { cluster in
            let symbols = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT"]
            for symbol in symbols { try await cluster.start(symbol, "1s") }
            let before = try await cluster.strategy("BTCUSDT", "three candles") { ($0["candles"]?.integer ?? 0) >= 3 }
            for replica in cluster.cluster.replicas { await replica.kill() }

            let survivor = cluster.cluster.replicas[1]
            try survivor.start()
            for symbol in symbols {
                try await cluster.strategy(symbol, "\(symbol) running again") {
                    $0["status"]?.string == "running" && $0["owner"]?["name"]?.string == survivor.name
                }
            }
            let after = try await cluster.strategy("BTCUSDT", "three more candles") {
                ($0["candles"]?.integer ?? 0) >= (before["candles"]?.integer ?? 0) + 3
            }
            try expectContinuity(before, after)
        }
    }

    @Test("PostgreSQL restarted under load: no strategy moves, and all go on", arguments: ["fast", "immediate"])
    func databaseRestart(mode: String) async throws {
        try await withCluster { cluster in
            let symbols = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "ADAUSDT", "DOGEUSDT"]
            for symbol in symbols { try await cluster.start(symbol, "1s") }
            let before = try await cluster.strategy("BTCUSDT", "three candles") { ($0["candles"]?.integer ?? 0) >= 3 }
            try await cluster.waitUntilBalanced()
            let ownership = """
                SELECT string_agg(concat_ws(' ', symbol, owner, epoch), ',' ORDER BY symbol) FROM tenure.active_strategies
                """
            let owners = try await cluster.sql(ownership)

            try await cluster.cluster.postgres.restart(mode == "fast" ? .fast : .immediate)

            let after = try await cluster.strategy("BTCUSDT", "three more candles") {
                $0["status"]?.string == "running"
                    && ($0["candles"]?.integer ?? 0) >= (before["candles"]?.integer ?? 0) + 3
            }
            try expectContinuity(before, after)
            #expect(try await cluster.sql(ownership) == owners)
            #expect(try await cluster.sql("SELECT count(*) FROM tenure.replicas WHERE fenced_at IS NOT NULL") == "0")
        }
    }

    @Test("stopped through a replica that does not own it: in the history, and it never comes back")
    func stop() async throws {
        try await withCluster { cluster in
            try await cluster.start("BTCUSDT", "1s")
            try await cluster.start("ETHUSDT", "1s")
            try await cluster.strategy("BTCUSDT", "three candles") { ($0["candles"]?.integer ?? 0) >= 3 }
            let owner = try await cluster.owner(of: "BTCUSDT")
            let other = try #require(cluster.cluster.replicas.first { $0.name != owner.name })
            let stopped = try await cluster.stop("BTCUSDT", through: other)
            #expect(stopped["reason"]?.string == "user_stopped")
            #expect(stopped["trades_count"]?.integer != nil)
            #expect(stopped["pnl"]?.string != nil)
            _ = try await owner.output.first(containing: "Removed strategy: BTCUSDT (user_stopped)")

            #expect(
                try await cluster.sql("SELECT count(*) FROM tenure.active_strategies WHERE symbol = 'BTCUSDT'") == "0"
            )
            let record = try await cluster.sql(
                "SELECT reason || ' ' || (pnl IS NOT NULL) || ' ' || (trades_count >= 0) FROM tenure.strategy_history"
            )
            #expect(record == "user_stopped true true")

            // Not even when everything starts anew.
            for replica in cluster.cluster.replicas { await replica.kill() }
            for replica in cluster.cluster.replicas { try replica.start() }
            try await cluster.strategy("ETHUSDT", "the other strategy running again") {
                $0["status"]?.string == "running"
            }
            #expect(try await cluster.strategy("BTCUSDT") == nil)
        }
    }
}
