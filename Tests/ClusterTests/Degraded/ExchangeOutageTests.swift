import FoundationEssentials
import LocalCluster
import TestSupport
import Testing
import Trading

@testable import Nemesis

/// The exchange is gone for a while: its addresses refuse connections, and all that were open are reset.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ExchangeOutageTests {
    private static let isLong = ProcessInfo.processInfo.environment["TENURE_LONG"] == "1"

    @Test(
        "an exchange that is down: shown, starts wait for it or are refused, live strategies go on by themselves, with every candle",
        .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine")
    )
    func outage() async throws {
        let proxy = try await FaultyProxy.open()
        let address = "127.0.0.1:\(proxy.port)"
        try await LiveMarket.with(
            "ETHBTC",
            "XMRBTC",
            watching: ["ADABTC"],
            environment: [
                "TENURE_BINANCE_REST_URL": "http://\(address)", "TENURE_BINANCE_STREAM_URL": "ws://\(address)",
                "TENURE_BINANCE_ACCOUNT_STREAM_URL": "ws://\(address)/ws-api/v3",
            ],
            prepare: { proxy.lead(to: $0.simulatorPort) }
        ) { market in
            try await market.trade(orders: 1)
            let uncounted = try await market.uncounted()
            let replicas = market.cluster.cluster.replicas

            proxy.change(to: .cut)
            // An order may be on its way at that moment.
            try await market.cluster.advance(1)
            let owner = try await market.cluster.owner(of: market.symbol)
            _ = try await owner.output.first(containing: "Lost the market stream")
            let series = #"tenure_exchange_streams_missing{stream="market"}"#
            try await eventually("it is shown") { try await (Metrics(of: owner).value(series) ?? 0) > 0 }
            let paper = #"{"symbol":"ADABTC","mode":"scalp","interval":"5m"}"#
            let start = try await market.cluster.post("/api/live-strategy/start", paper)
            #expect(start.status == 202, "\(start.body.text)")
            let unknown = #"{"symbol":"NOSUCHMARKET","mode":"scalp","interval":"5m"}"#
            let refused = try await market.cluster.post("/api/live-strategy/start", unknown)
            #expect(refused.status == 503, "\(refused.body.text)")
            // The replicas themselves are well, and say so.
            for replica in replicas { #expect(try await replica.isReady()) }
            // Meanwhile candles pass unseen.
            let steps = Self.isLong ? 60 : 6
            for _ in 0..<steps {
                try await market.cluster.advance(1)
                // It is down for so long; nothing is waited for.
                try await Task.sleep(for: .seconds(1))
            }

            proxy.change(to: .clear)
            try await market.settle()
            try await eventually("nothing is missing any more") {
                var missing = 0.0
                for replica in replicas { missing += try await Metrics(of: replica).value(series) ?? 0 }
                return missing == 0
            }
            try await market.judge()
            try await market.trade(orders: 1)
            try await market.judge()
            #expect(try await market.uncounted() == uncounted)
            try await eventually("what was started meanwhile runs") {
                let path = "/api/live-strategy/status?symbol=ADABTC&status=running"
                return try await market.cluster.get(path).body.text.contains("ADABTC")
            }
        }
        await proxy.close()
    }
}
