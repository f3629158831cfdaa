import FoundationEssentials
import LocalCluster
import TestSupport
import Testing

/// The failover as it is in production: nobody promotes the standby but Patroni.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct PatroniTests {
    private static let isWanted =
        ProcessInfo.processInfo.environment["TENURE_LONG"] == "1" && PatroniCluster.isInstalled

    @Test(
        "Patroni promotes the standby of a lost primary, and live strategies go on, with nothing lost and nothing sent twice",
        .enabled(if: isWanted, "only in the long run, and with the packages patroni and etcd-server"),
        .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine")
    )
    func failover() async throws {
        try await PatroniCluster.with { patroni in
            try await LiveMarket.with("ETHBTC", "XMRBTC", window: "4s", database: patroni.url) { market in
                try await market.trade(orders: 2)
                let uncounted = try await market.uncounted()
                let confirmed = Set(try await market.journal())

                let began = ContinuousClock.now
                try await patroni.losePrimary()
                try await market.cluster.advance(2)
                try await eventually(within: .seconds(120), "a new primary") {
                    try await market.cluster.sql("SELECT pg_is_in_recovery()") == "f"
                }
                let promotion = ContinuousClock.now - began
                for replica in market.cluster.cluster.replicas { try await replica.waitUntilReady() }
                let readiness = ContinuousClock.now - began
                try await market.settle()
                let resumption = ContinuousClock.now - began
                print(
                    """
                    PostgreSQL failover, Patroni: a new primary after \(promotion), all replicas ready after \(readiness), \
                    strategies with the market again after \(resumption)
                    """
                )
                #expect(Set(try await market.journal()).isSuperset(of: confirmed))
                try await market.trade(orders: 2)
                try await market.judge()
                #expect(try await market.uncounted() == uncounted)
            }
        }
    }
}
