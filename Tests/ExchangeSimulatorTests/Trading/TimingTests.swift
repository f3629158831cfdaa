import ExchangeSimulator
import NIOHTTP1
import Testing
import Trading

@Suite("The time of a request", .timeLimit(.minutes(5)))
struct TimingTests {
    private static let now: Int64 = 1_749_988_800_000
    private static let order = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01"

    @Test(
        "must lie within its window on arrival",
        arguments: [
            ("", 0, true), ("", -5_000, true), ("", -5_001, false), ("", 999, true), ("", 1_000, false),
            ("&recvWindow=60000", -60_000, true), ("&recvWindow=100", -101, false), ("&recvWindow=100.5", -100, true),
        ] as [(String, Int64, Bool)]
    )
    func arrival(window: String, offset: Int64, isAccepted: Bool) async throws {
        try await withSimulator(.still) { simulator in
            let query = Self.order + window + "&timestamp=\(Self.now + offset)"
            let answer = try await simulator.trader.send(.POST, "order", query)
            #expect((answer.status == 200) == isAccepted)
            if !isAccepted {
                let ahead = answer.body["msg"].string?.contains("1000ms ahead") == true
                #expect(answer.body["code"].integer == -1021 && ahead == (offset > 0))
            }
            // In microseconds it is the same.
            let finer = Self.order + window + "&timestamp=\(Self.now + offset)000"
            #expect((try await simulator.trader.send(.POST, "order", finer).status == 200) == isAccepted)
        }
    }

    @Test("is checked again just before matching")
    func forwarding() async throws {
        try await withSimulator(.still) { simulator in
            for (wait, isAccepted) in [(5_000, true), (5_001, false)] {
                try await simulator.post("/sim/faults", #"{"order_before": "hold"}"#)
                async let answer = simulator.trader.buy("0.01", id: "held-\(wait)")
                while try await simulator.get("/sim/status").body["held"].integer != 1 {}
                #expect(try await simulator.orderLog().last?["verdict"].string == "pending")
                try await simulator.post("/sim/advance", #"{"milliseconds": \#(wait)}"#)
                try await simulator.post("/sim/release")
                let (status, code) = (try await answer.status, try await answer.body["code"].integer)
                #expect(isAccepted ? status == 200 : status == 400 && code == -1021)
                #expect(
                    try await simulator.orderLog().last?["verdict"].string == (isAccepted ? "accepted" : "rejected")
                )
                // The step was the last one.
                let delay = try await simulator.orderLog().last?["accepted_after_us"].integer
                #expect((delay != nil) == isAccepted)
            }
        }
    }

    @Test("and the key and the signature must be right; the refusals are Binance's")
    func authentication() async throws {
        try await withSimulator(.still) { simulator in
            let trader = simulator.trader
            var stranger = trader
            stranger.key = "stranger"
            var forger = trader
            forger.secret = "wrong"
            try await simulator.post(
                "/sim/accounts",
                #"{"api_key": "reader", "api_secret": "r", "permissions": ["USER_DATA"]}"#
            )
            let reader = Trader(simulator: simulator, key: "reader", secret: "r")
            let path = "order"
            func refusal(_ answer: RunningSimulator.Answer) -> [Int64?] {
                [Int64(answer.status), answer.body["code"].integer]
            }
            #expect(refusal(try await stranger.send(.POST, path, Self.order)) == [401, -2015])
            #expect(refusal(try await forger.send(.POST, path, Self.order)) == [400, -1022])
            #expect(refusal(try await reader.send(.POST, path, Self.order)) == [401, -2015])
            #expect(try await reader.send(.GET, "account").status == 200)
            #expect(refusal(try await simulator.get("/api/v3/account?timestamp=1&signature=a")) == [401, -2014])
            #expect(refusal(try await trader.sendRaw(.GET, "account", "timestamp=1")) == [400, -1102])
            #expect(refusal(try await trader.sendRaw(.GET, "account", "signature=1")) == [400, -1102])
            #expect(refusal(try await trader.send(.GET, "account", "recvWindow=60001")) == [400, -1102])
            // In the body, and split over query and body.
            let payload = Self.order + "&timestamp=\(Self.now)"
            let signature = Trader.sign(payload, secret: trader.secret)
            #expect(try await trader.sendRaw(.POST, path, "", body: payload + "&signature=\(signature)").status == 200)
            let split = Trader.sign(Self.order + "timestamp=\(Self.now)", secret: trader.secret)
            #expect(
                try await trader.sendRaw(.POST, path, Self.order, body: "timestamp=\(Self.now)&signature=\(split)")
                    .status
                    == 200
            )
        }
    }

    @Test("is judged by a clock that can be wrong, and that can go on between steps")
    func clocks() async throws {
        try await withSimulator(.still) { simulator in
            try await simulator.post("/sim/faults", #"{"clock_offset_ms": 7000}"#)
            #expect(try await simulator.get("/api/v3/time").body["serverTime"].integer == Self.now + 7_000)
            let late = Self.order + "&timestamp=\(Self.now)"
            #expect(try await simulator.trader.send(.POST, "order", late).body["code"].integer == -1021)
            let placed = try await simulator.trader.buy("0.01").body
            #expect(placed["transactTime"].integer == Self.now + 7_000)
        }
        var configuration = SimulatorConfiguration.still
        configuration.ticking = true
        try await withSimulator(configuration) { simulator in
            // A step of the invented market is a second: the clock comes up to its end and stays there.
            while try await simulator.get("/api/v3/time").body["serverTime"].integer != Self.now + 999 {}
            #expect(try await simulator.get("/sim/status").body["market_time"].integer == Self.now)
            try await simulator.post("/sim/advance")
            #expect(try await simulator.get("/api/v3/time").body["serverTime"].integer ?? 0 >= Self.now + 1_000)
        }
    }
}
