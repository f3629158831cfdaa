import LocalCluster
import TestSupport
import Testing
import Trading

/// What replicas carry: even when they come and go, and never more than they have room for.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct CapacityTests {
    @Test("strategies that nobody has room for are orphaned, visible and alerted; a new replica takes them")
    func exhausted() async throws {
        // Nobody listens on standby here: what is taken over subscribes by itself then.
        let environment = ["TENURE_CAPACITY": "4", "TENURE_STANDBY_MARKETS": "0"]
        try await withCluster(replicas: 2, environment: environment) { cluster in
            let symbols = (1...7).map { "SIM000\($0)USDT" }
            try await cluster.start(all: symbols)
            _ = try await cluster.running(symbols.count, candles: 1)
            let (victim, survivor) = (cluster.cluster.replicas[0], cluster.cluster.replicas[1])
            await victim.kill()

            _ = try await survivor.output.first(
                containing: "3 strategies are orphaned: no replica has room for them. Start another replica"
            )
            try await eventually("four run, three are orphaned") {
                let statuses = try await cluster.strategies().values.map { $0["status"]?.string }
                return statuses.count { $0 == "running" } == 4 && statuses.count { $0 == "orphaned" } == 3
            }
            let metrics = try await cluster.get("/metrics", from: survivor).body.string ?? ""
            #expect(metrics.contains("\ntenure_orphaned_strategies 3"))
            let event = "SELECT details ->> 'strategies' FROM tenure.events WHERE kind = 'orphaned'"
            try await eventually("an event") { try await cluster.sql(event) == "3" }
            let shown = try await cluster.command("status")
            #expect(shown.output.contains("3 orphaned: run by nobody"))

            // One more is accepted, and waits like the others: a full replica does not run it either.
            let waiting = try await cluster.post(
                "/api/live-strategy/start",
                #"{"symbol":"SIM0008USDT","mode":"scalp","interval":"1s"}"#
            )
            #expect(waiting.status == 202 && waiting["status"]?.string == "orphaned")

            try victim.start()
            _ = try await cluster.running(8, candles: 1)
            _ = try await survivor.output.first(containing: "No strategy is orphaned for want of room any more")
            let loads = try await cluster.sql(
                "SELECT string_agg(count::text, ' ') FROM (SELECT count(*) FROM tenure.active_strategies GROUP BY owner) AS l"
            )
            #expect(loads == "4 4")
        }
    }

    @Test("a replica joins and another one leaves: loads are even again, and no strategy moves twice for either")
    func joinAndLeave() async throws {
        // Time for the load balancer to notice that a replica leaves: what is started then is not to reach it.
        try await withCluster(environment: ["TENURE_DRAIN_LINGER": "1s"]) { cluster in
            let newcomer = cluster.cluster.replicas[2]
            await newcomer.stop()
            let symbols = (10..<31).map { "SIM00\($0)USDT" }
            try await cluster.start(all: symbols)
            try await cluster.waitUntilBalanced()
            _ = try await cluster.running(symbols.count, candles: 1)

            func epochs() async throws -> [String: Int] {
                try await cluster.strategies().mapValues { $0["epoch"]?.integer ?? -1 }
            }
            func moves(since before: [String: Int]) async throws -> [Int] {
                let now = try await epochs()
                return before.map { (now[$0] ?? -1) - $1 }
            }
            let atFirst = try await epochs()
            try newcomer.start()
            try await newcomer.waitUntilReady()
            try await eventually("a third for the newcomer") {
                try await cluster.sql(
                    "SELECT count(*) FROM tenure.active_strategies WHERE owner_name = '\(newcomer.name)'"
                ) == "7"
            }
            try await cluster.waitUntilBalanced()
            #expect(
                try await moves(since: atFirst).sorted() == Array(repeating: 0, count: 14)
                    + Array(repeating: 1, count: 7)
            )

            let atSecond = try await epochs()
            await cluster.cluster.replicas[0].stop()
            _ = try await cluster.running(symbols.count, candles: 2)
            try await cluster.waitUntilBalanced()
            #expect(
                try await moves(since: atSecond).sorted() == Array(repeating: 0, count: 14)
                    + Array(repeating: 1, count: 7)
            )
            let reasons = try await cluster.sql(
                "SELECT string_agg(DISTINCT reason, ' ' ORDER BY reason) FROM tenure.ownership"
            )
            #expect(reasons == "drain rebalance" || reasons == "drain rebalance vacant")
        }
    }
}
