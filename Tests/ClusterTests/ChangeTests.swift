import LocalCluster
import TestSupport
import Testing
import Trading

/// What is changed of a strategy that runs survives whoever runs it.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ChangeTests {
    @Test(
        "a change that was answered runs at the heir though the owner is killed at once; no candle is missing or repeated"
    )
    func changeAndKill() async throws {
        try await withCluster { cluster in
            try await cluster.start("BTCUSDT", "1s")
            let before = try await cluster.strategy("BTCUSDT", "three candles") { ($0["candles"]?.integer ?? 0) >= 3 }
            let id = try #require(before["id"]?.integer)
            #expect(before["version"]?.integer == 1 && before["applied_version"]?.integer == 1)
            var last = before
            for (version, period) in [(2, 5), (3, 30)] {
                let owner = try await cluster.owner(of: "BTCUSDT")
                let answer = try await cluster.patch(
                    "/api/live-strategy/\(id)",
                    #"{"config":{"slow_period":\#(period + 10),"fast_period":\#(period)},"limits":{"daily_loss":"50"}}"#
                )
                await owner.kill()
                #expect(answer.status == 200, "\(answer.body.text)")
                #expect(answer["version"]?.integer == version)
                let candles = (last["candles"]?.integer ?? 0) + 2
                last = try await cluster.strategy("BTCUSDT", "version \(version) at another owner") {
                    $0["applied_version"]?.integer == version && $0["status"]?.string == "running"
                        && $0["owner"]?["name"]?.string != owner.name && ($0["candles"]?.integer ?? 0) >= candles
                }
                #expect(last["config"]?["fast_period"]?.integer == period)
                // It is what runs, too.
                let runs = try await cluster.sql(
                    "SELECT state::jsonb ->> 'strategy' LIKE '%\"fastPeriod\":\(period),%' FROM tenure.checkpoints"
                )
                #expect(runs == "t")
                try expectContinuity(before, last)
                try owner.start()
                try await owner.waitUntilReady()
            }
            let applied = try await cluster.sql("SELECT count(*) FROM tenure.events WHERE kind = 'change_applied'")
            #expect(applied == "2")
        }
    }

    @Test(
        "a position is sold once though the owner is killed while the sale is on its way, and the strategy trades on",
        .enabled(if: recordedCandles("ETHBTC-5m") != nil, "recorded candles are not on this machine")
    )
    func closeAndKill() async throws {
        try await LiveMarket.with("ETHBTC", window: "6s") { market in
            let cluster = market.cluster
            var held = "0"
            for _ in 0..<300 where held == "0" {
                try await cluster.advance(1)
                try await market.settle()
                held = try await cluster.sql("SELECT position_e8 FROM tenure.checkpoints")
            }
            try #require(held != "0", "it has bought nothing within 300 candles")
            let sales = try await market.accepted().count { $0.side == "sell" }
            let owner = try await cluster.owner(of: market.symbol)
            let other = try #require(cluster.cluster.replicas.first { $0.name != owner.name })
            try await market.control("faults", #"{"order_after":"hold"}"#)
            async let answer = cluster.post(
                "/api/live-strategy/close",
                #"{"symbol":"\#(market.symbol)","pause":true,"reason":"the news"}"#,
                to: other
            )
            try await eventually("the sale is accepted") {
                try await market.accepted().count { $0.side == "sell" } == sales + 1
            }
            await owner.kill()
            try await market.control("release", "{}")
            let status = try await answer.status
            #expect(status == 200 || status == 202)
            let closed = try await cluster.strategy(market.symbol, "it is closed") { $0["closing"] == .bool(false) }
            #expect(closed["position"]?.string == "0")
            #expect(closed["status"]?.string == "paused")
            #expect(try await market.accepted().count { $0.side == "sell" } == sales + 1)
            let again = try await cluster.post(
                "/api/live-strategy/close",
                #"{"symbol":"\#(market.symbol)"}"#,
                to: other
            )
            #expect(again.status == 409 && again["type"]?.string == "urn:tenure:problem:nothing-held")
            #expect(try await cluster.command("resume", market.symbol).status == 0)
            try await market.settle()
            try await market.judge()
            try await market.trade(orders: 1)
            try await market.judge()
        }
    }

    @Test("parameters are changed, the latest candles are replayed and a position is closed by commands alone")
    func commands() async throws {
        try await withCluster(replicas: 2) { cluster in
            try await cluster.start("BTCUSDT", "1s")
            let changed = try await cluster.command(
                "change",
                "BTCUSDT",
                "--set",
                "fast_period=7",
                "--limit",
                "daily_loss=9"
            )
            #expect(changed.status == 0 && changed.output.contains("version 2"), "\(changed.output)")
            let applied = try await cluster.strategy("BTCUSDT", "its second version") {
                $0["applied_version"]?.integer == 2
            }
            #expect(applied["config"]?["fast_period"]?.integer == 7)
            #expect(applied["limits"]?["daily_loss"]?.string == "9")
            let wrong = try await cluster.command("change", "BTCUSDT", "--set", "fast_period=700", "--set", "nothing=1")
            #expect(wrong.status == 1, "\(wrong.output)")
            #expect(wrong.output.contains("config.fast_period") && wrong.output.contains("config.nothing"))
            let back = try await cluster.command("change", "BTCUSDT", "--set", "fast_period=default", "--json")
            #expect(back.output.contains(#""fast_period":9"#), "\(back.output)")
            let closed = try await cluster.command("close", "ETHUSDT")
            #expect(closed.status == 1 && closed.output.contains("ETHUSDT"), "\(closed.output)")
            let replay = try await cluster.command(
                "replay",
                "ETHUSDT",
                "--mode",
                "scalp",
                "--interval",
                "1m",
                "--set",
                "fast_period=3",
                "--candles",
                "500"
            )
            #expect(replay.status == 0, "\(replay.output)")
            #expect(replay.output.contains("500 candles from") && replay.output.contains("bought and held"))
        }
    }
}
