import LocalCluster
import TestSupport
import Testing
import Trading

/// The machine of the primary is lost and its standby promoted, while live strategies trade: two real servers, with streaming
/// replication.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct DatabaseFailoverTests {
    @Test(
        "service resumes by itself, no order is sent twice, the journal agrees with the exchange, and no candle is missing",
        .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine"),
        arguments: [Standby.Replication.asynchronous, .synchronous]
    )
    func promotion(_ replication: Standby.Replication) async throws {
        let ports = [try LoopbackPort.free(), try LoopbackPort.free()]
        let hosts = ports.map { "127.0.0.1:\($0)" }.joined(separator: ",")
        try await LiveMarket.with(
            "ETHBTC",
            "XMRBTC",
            watching: ["ADABTC"],
            window: "4s",
            postgresPort: ports[0],
            postgresSettings: ["synchronous_commit": "on"],
            environment: ["TENURE_DATABASE_URL": "postgresql://tenure@\(hosts)/tenure?target_session_attrs=read-write"]
        ) { market in
            try await market.trade(orders: 1)
            let uncounted = try await market.uncounted()
            let primary = market.cluster.database
            try await withStandby(of: primary, port: ports[1], replication: replication) { standby in
                let promoted = market.on(standby.server)
                let confirmed: [String]
                if replication == .asynchronous {
                    try await standby.cutOff(from: primary)
                    try await market.trade(orders: 2)
                    confirmed = try await market.journal()
                    let lost = Set(confirmed).subtracting(try await promoted.journal())
                    #expect(lost.count >= 2, "the standby has everything: nothing would be lost")
                } else {
                    try await market.trade(orders: 1)
                    confirmed = try await market.journal()
                }
                let paper = #"{"symbol":"ADABTC","mode":"scalp","interval":"5m"}"#
                let start = try await market.cluster.post("/api/live-strategy/start", paper)
                #expect(start.status == 201)

                let began = ContinuousClock.now
                await primary.stop(.powerLoss)
                // The market does not wait.
                try await market.cluster.advance(2)
                try await standby.promote()
                let promotion = ContinuousClock.now - began
                for replica in market.cluster.cluster.replicas { try await replica.waitUntilReady() }
                let readiness = ContinuousClock.now - began
                try await promoted.settle()
                let resumption = ContinuousClock.now - began
                print(
                    """
                    PostgreSQL failover, \(replication): promoted after \(promotion), all replicas ready after \(readiness), \
                    strategies with the market again after \(resumption)
                    """
                )

                #expect(try await promoted.cluster.sql("SELECT tenure.current_timeline()") == "2")
                // What the journal had lost it has again, from the exchange.
                let journal = Set(try await promoted.journal().map(Self.identity))
                #expect(journal.isSuperset(of: confirmed.map(Self.identity)))
                let adopters = market.cluster.cluster.replicas.filter { replica in
                    replica.output.recent.contains { $0.contains("Adopted orders that the journal did not know") }
                }
                #expect(adopters.isEmpty == (replication == .synchronous))
                try await promoted.judge()

                // A start that was answered survives where commits wait for the standby.
                let isThere = try await promoted.cluster.strategy("ADABTC") != nil
                #expect(isThere == (replication == .synchronous))

                // All go on, with everything.
                try await promoted.trade(orders: 1)
                try await promoted.judge()
                #expect(try await promoted.uncounted() == uncounted)
                let status = try await promoted.cluster.strategies()
                let problems = status.values.compactMap { $0["last_error"]?.string }
                #expect(Set(status.values.map { $0["status"]?.string }) == ["running"], "\(problems)")
                #expect(status.count == (isThere ? 3 : 2))
            }
        }
    }

    /// Id, side and quantity of an order in the journal.
    private static func identity(_ line: String) -> String {
        line.split(separator: " ").prefix(3).joined(separator: " ")
    }
}
