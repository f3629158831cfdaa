import FoundationEssentials
import LocalCluster
import TestSupport
import Testing
import Trading

/// What the account pays, and clocks that are wrong: real processes, and everything as it is seen over HTTP.
@Suite(
    .serialized,
    .timeLimit(.minutes(10)),
    .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine")
)
struct LiveAccountTests {
    @Test("fees in the base, the quote and a third asset: shown as they were charged, and added up")
    func fees() async throws {
        try await LiveMarket.with("ETHBTC", watching: ["ADABTC"], replicas: 1) { market in
            // A purchase pays in what was bought, a sale in what was earned.
            try await market.trade(orders: 2)
            try await market.control(
                "accounts",
                #"{"api_key":"simulator-key","commission_asset":"ADA","balances":{"ADA":"100000"}}"#
            )
            try await market.trade(orders: 2)

            let strategy = try #require(try await market.cluster.strategy(market.symbol))
            let id = try #require(strategy["id"]?.integer)
            let answer = try await market.cluster.get("/api/live-strategy/\(id)/fills?limit=500")
            guard case .array(let fills)? = answer["items"] else { throw UnexpectedAnswer(answer: answer) }
            var (total, paid) = (FixedDecimal.zero, [String: FixedDecimal]())
            for fill in fills {
                let asset = try #require(fill["commission_asset"]?.string)
                let commission = try amount(fill, "commission")
                #expect(commission > .zero)
                let fee = try amount(fill, "fee")
                switch asset {
                case "BTC": #expect(fee == commission)
                case "ETH": #expect(fee == (try amount(fill, "price") * commission))
                default: #expect(fee == .zero)
                }
                total += fee
                paid[asset, default: .zero] += commission
            }
            #expect(Set(paid.keys) == ["ETH", "BTC", "ADA"])
            #expect(try amount(strategy, "fees") == total)
            #expect(try await "100000" - market.balance("ADA") == paid["ADA"])
            try await market.judge()
        }
    }

    @Test("replicas whose clocks are a day behind trade as if they were right: nothing is signed by them")
    func clocks() async throws {
        let skew = ["LD_PRELOAD": try builtExecutable("libSkewedClock.so"), "SKEW_SECONDS": "-86400"]
        try await LiveMarket.with("ETHBTC", replicas: 2, environment: skew) { market in
            try await market.trade(orders: 1)
            let owner = try await market.cluster.owner(of: market.symbol)
            await owner.kill()
            try await market.trade(orders: 1)
            #expect(try await market.received().allSatisfy { $0.verdict == "accepted" })
            try await market.judge()
        }
    }

    private func amount(_ values: JSONValue, _ name: String) throws -> FixedDecimal {
        let text = try #require(values[name]?.string)
        return try #require(FixedDecimal(text))
    }
}
