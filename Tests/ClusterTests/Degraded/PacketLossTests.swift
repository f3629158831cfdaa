import LocalCluster
import TestSupport
import Testing
import Trading

/// One replica's network to the database loses packets.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct PacketLossTests {
    @Test(
        "30% of a replica's packets to the database are lost: slower, shown, and no candle is missed or processed twice",
        .enabled("there can be no network namespace here") { await LossyNetwork.isPossible() }
    )
    func loss() async throws {
        try await LossyNetwork.with { network in
            try await withCluster(
                environment: ["TENURE_LEASE_TTL": "6s"],
                program: network.program(),
                prepare: { try await network.connect($0) }
            ) { cluster in
                let symbols = (10..<16).map { "SIM00\($0)USDT" }
                try await cluster.start(all: symbols)
                try await cluster.waitUntilBalanced()
                let before = try await cluster.running(symbols.count, candles: 3)
                let replica = cluster.cluster.replicas[0]

                try await network.lose(30, port: cluster.database.port)
                // Whoever runs them, now and then.
                var shortest = Double.infinity
                var most = before.values.compactMap { $0["candles"]?.integer }.max() ?? 0
                for _ in 0..<5 {
                    most += 3
                    _ = try await cluster.running(symbols.count, candles: most)
                    let lease = try await Metrics(of: replica).value("tenure_replica_lease_remaining_seconds")
                    shortest = min(shortest, lease ?? 0)
                }
                let lost = try await network.lost()
                print("Packet loss: \(lost) packets lost, shortest lease seen \(shortest) s of 6 s")
                #expect(lost > 20)

                try await network.heal()
                for replica in cluster.cluster.replicas { try await replica.waitUntilReady() }
                try await cluster.waitUntilBalanced()
                let after = try await cluster.running(symbols.count, candles: most + 3)
                for symbol in symbols {
                    try expectContinuity(try #require(before[symbol]), try #require(after[symbol]))
                }
                // It takes its share again.
                try await eventually("it has its share") {
                    try await cluster.sql(
                        "SELECT count(*) FROM tenure.active_strategies WHERE owner_name = '\(replica.name)'"
                    ) == "2"
                }
            }
        }
    }
}
