import LocalCluster
import TestSupport
import Testing
import Trading

/// The database takes no more connections.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ConnectionLimitTests {
    @Test(
        "no room for a replica's connections: it leaves, says why, and comes back; none for anybody: all wait, and go on"
    )
    func limit() async throws {
        try await withCluster(environment: ["TENURE_LEASE_TTL": "3s"]) { cluster in
            let symbols = (10..<16).map { "SIM00\($0)USDT" }
            try await cluster.start(all: symbols)
            try await cluster.waitUntilBalanced()
            var before = try await cluster.running(symbols.count, candles: 3)
            let replica = cluster.cluster.replicas[0]
            let id = try await cluster.id(of: replica)

            // The limit is reached without the connections of one replica, which are cut.
            let mine = "application_name = 'tenure/' || (SELECT instance FROM tenure.replicas WHERE id = \(id))"
            let all = "FROM pg_stat_activity WHERE datname = 'tenure' AND usename = 'tenure'"
            let others = try await administer(
                cluster,
                "SELECT count(*) \(all) AND NOT \(mine)"
            )
            try await limit(cluster, try #require(Int(others)))
            _ = try await administer(cluster, "SELECT pg_terminate_backend(pid) \(all) AND \(mine)")
            try await eventually("it is not ready") { try await !replica.isReady() }
            _ = try await replica.output.first(containing: "too many connections")
            try await eventually("it shows that its lease has run out") { try await lease(of: replica) ?? 1 <= 0 }
            // Nobody else notices: its strategies run elsewhere, and requests are answered.
            before = try await goesOn(cluster, since: before)
            let homes = try await administer(
                cluster,
                "SELECT count(*) FROM tenure.active_strategies WHERE owner = \(id)"
            )
            #expect(homes == "0")

            try await limit(cluster, -1)
            try await replica.waitUntilReady()
            try await cluster.waitUntilBalanced()
            before = try await goesOn(cluster, since: before)

            // Now for everybody.
            try await limit(cluster, 0)
            _ = try await administer(cluster, "SELECT pg_terminate_backend(pid) \(all)")
            for replica in cluster.cluster.replicas {
                try await eventually("\(replica.name) is not ready") { try await !replica.isReady() }
            }
            try await limit(cluster, -1)
            for replica in cluster.cluster.replicas { try await replica.waitUntilReady() }
            _ = try await goesOn(cluster, since: before)
        }
    }

    private func limit(_ cluster: TestCluster, _ count: Int) async throws {
        try await cluster.database.query("ALTER DATABASE tenure CONNECTION LIMIT \(count)")
    }

    /// As a superuser, for whom there is always room.
    private func administer(_ cluster: TestCluster, _ statement: String) async throws -> String {
        try await cluster.database.query(statement, database: "tenure")
    }

    /// In seconds, as it is shown to Prometheus.
    private func lease(of replica: Replica) async throws -> Double? {
        try await Metrics(of: replica).value("tenure_replica_lease_remaining_seconds")
    }

    /// Waits for three more candles of each strategy, and returns them all.
    private func goesOn(_ cluster: TestCluster, since before: [String: JSONValue]) async throws -> [String: JSONValue] {
        let most = before.values.compactMap { $0["candles"]?.integer }.max() ?? 0
        let after = try await cluster.running(before.count, candles: most + 3)
        for (symbol, strategy) in before { try expectContinuity(strategy, try #require(after[symbol])) }
        return after
    }
}
