import AsyncHTTPClient
import LocalCluster
import TestSupport
import Testing

/// An exchange that forbids one replica to ask any more: so do those that share the address with it, and no others.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct ExchangeLimitTests {
    @Test(
        "a ban of one replica is kept by all behind its address until it is over, and by nobody elsewhere",
        .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine")
    )
    func ban() async throws {
        try await withCluster(
            simulator: ["--replay", try #require(recordedCandles("ETHBTC-5m")), "--steps", "--ticking"],
            replicaEnvironment: ["replica-3": ["TENURE_BINANCE_ADDRESS": "elsewhere"]]
        ) { cluster in
            let strategy = try await cluster.start("ETHBTC", "5m")
            let candles = "/api/live-strategy/\(try #require(strategy["id"]?.integer))/candles"
            let (banned, neighbour, distant) = (
                cluster.cluster.replicas[0], cluster.cluster.replicas[1], cluster.cluster.replicas[2]
            )
            for replica in cluster.cluster.replicas {
                #expect(try await cluster.get(candles, from: replica).status == 200)
            }

            try await cluster.askSimulator(
                "/sim/faults",
                #"{"rest_status":418,"retry_after_s":6,"for_requests":1}"#
            )
            // Each of these waits until the ban is over.
            async let first = cluster.get(candles, from: banned)
            try await eventually("it has spread") { try await pause(neighbour) > 0 }
            async let second = cluster.get(candles, from: neighbour)
            #expect(try await pause(banned) > 0)
            #expect(try await pause(distant) == 0)
            let before = try await requests(cluster)
            #expect(try await cluster.get(candles, from: distant).status == 200)
            let after = try await requests(cluster)
            #expect(after > before)
            while true {
                let now = try await requests(cluster)
                guard try await pause(neighbour) > 0, try await pause(banned) > 0 else { break }
                #expect(now == after)
                // Until it is over.
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(try await first.status == 200)
            #expect(try await second.status == 200)
            #expect(try await requests(cluster) >= after + 2)
        }
    }

    private func pause(_ replica: Replica) async throws -> Double {
        try #require(try await Metrics(of: replica).value(#"tenure_exchange_pause_seconds{scope="address"}"#))
    }

    private func requests(_ cluster: TestCluster) async throws -> Int {
        let answer = try await cluster.send(HTTPClientRequest(url: "\(cluster.cluster.simulatorURL)/sim/status"))
        return try #require(answer["requests"]?.integer)
    }
}
