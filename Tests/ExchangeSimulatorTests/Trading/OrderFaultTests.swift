import AsyncHTTPClient
import ExchangeSimulator
import NIOHTTP1
import Testing
import Trading

@Suite("Faults on request", .timeLimit(.minutes(5)))
struct OrderFaultTests {
    /// Whether the order is known to the exchange, in spite of what the client was told.
    private static func isKnown(_ id: String, _ simulator: RunningSimulator) async throws -> Bool {
        try await simulator.trader.order(id).status == 200
    }

    @Test(
        "lose an order or its answer, before or after it is accepted",
        arguments: [
            (#"{"order_before": "drop"}"#, nil, false), (#"{"order_after": "drop"}"#, nil, true),
            (#"{"order_after_status": 503}"#, 503, true), (#"{"order_after_status": 504}"#, 504, true),
            (#"{"order_after_status": 400, "order_after_code": -1006}"#, 400, true),
            (#"{"order_after": "garble"}"#, 200, true), (#"{"rest_status": 503}"#, 503, false),
            (#"{"rest_status": 429, "retry_after_s": 7}"#, 429, false),
        ] as [(String, Int?, Bool)]
    )
    func losses(fault: String, status: Int?, isKnown: Bool) async throws {
        try await withSimulator(.still) { simulator in
            let time = try await simulator.get("/api/v3/time").body["serverTime"].integer ?? 0
            let order = "symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.01&newClientOrderId=lost&timestamp=\(time)"
            #expect(try await simulator.post("/sim/faults", fault).status == 200)
            if let status {
                let answer = try await simulator.trader.send(.POST, "order", order)
                #expect(answer.status == status)
                if status == 504 { #expect(answer.body["code"].integer == -1007) }
                if status == 400 { #expect(answer.body["code"].integer == -1006) }
                if status == 429 {
                    #expect(answer.header("Retry-After") == "7" && answer.body["code"].integer == -1003)
                }
                if status == 200 { #expect(answer.body["orderId"].integer == nil && answer.body.string != nil) }
            } else {
                await #expect(throws: HTTPClientError.self) { try await simulator.trader.send(.POST, "order", order) }
            }
            #expect(try await Self.isKnown("lost", simulator) == isKnown)
            let log = try await simulator.orderLog()
            let verdict = isKnown ? "accepted" : status == nil ? "dropped" : "rejected"
            #expect(log.map { $0["verdict"].string } == [verdict])
            #expect(log[0]["client_order_id"].string == "lost" && log[0]["timestamp"].string == "\(time)")
            // It was for one order only.
            #expect(try await simulator.trader.buy("0.01").status == 200)
        }
    }

    @Test("hold an order before matching, and its answer after, until they are released")
    func holding() async throws {
        try await withSimulator(.still) { simulator in
            for (fault, isKnown) in [("order_before", false), ("order_after", true)] {
                try await simulator.post("/sim/faults", #"{"\#(fault)": "hold"}"#)
                async let answer = simulator.trader.buy("0.01", id: fault)
                while try await simulator.get("/sim/status").body["held"].integer != 1 {}
                #expect(try await Self.isKnown(fault, simulator) == isKnown)
                #expect(try await simulator.post("/sim/release").body["released"].integer == 1)
                #expect(try await answer.status == 200)
            }
        }
    }

    @Test("delay an order before matching, or its answer")
    func delays() async throws {
        try await withSimulator(.still) { simulator in
            for fault in ["order_before_ms", "order_after_ms"] {
                try await simulator.post("/sim/faults", #"{"\#(fault)": 500}"#)
                let start = ContinuousClock.now
                #expect(try await simulator.trader.buy("0.01", id: fault).status == 200)
                #expect(ContinuousClock.now - start >= .milliseconds(500))
            }
        }
    }

    @Test("delay an order on the side of matching that they name")
    func sidesOfDelay() async throws {
        try await withSimulator(.still) { simulator in
            for (fault, isKnown) in [("order_before_ms", false), ("order_after_ms", true)] {
                // Longer than the test may take: what is seen is seen during the delay, however slow the machine is.
                try await simulator.post("/sim/faults", #"{"\#(fault)": 600000}"#)
                let answer = Task { try await simulator.trader.buy("0.01", id: fault) }
                // It is logged on its arrival already, before it is matched.
                let verdict = isKnown ? "accepted" : "pending"
                let log = "?client_order_id=\(fault)"
                while try await simulator.orderLog(log).map({ $0["verdict"].string }) != [verdict] {}
                #expect(try await Self.isKnown(fault, simulator) == isKnown)
                answer.cancel()
                await #expect(throws: (any Error).self) { try await answer.value }
            }
        }
    }

    @Test("hide an accepted order and its trades from every query for a while")
    func staleReads() async throws {
        try await withSimulator(.still) { simulator in
            let trader = simulator.trader
            try await simulator.post("/sim/faults", #"{"stale_reads_ms": 600000}"#)
            #expect(try await trader.buy("0.01", id: "hidden").status == 200)
            #expect(try await trader.limit("BUY", "0.01", at: "10000").status == 200)
            func counts() async throws -> [Int] {
                let lists = ["openOrders", "allOrders", "myTrades"]
                var counts: [Int] = []
                for list in lists {
                    counts.append(try await trader.send(.GET, list, "symbol=BTCUSDT").body.elements.count)
                }
                return counts
            }
            #expect(try await trader.order("hidden").body["code"].integer == -2013)
            #expect(try await counts() == [0, 0, 0])
            #expect(try await simulator.orderLog().allSatisfy { $0["verdict"].string == "accepted" })
            try await simulator.post("/sim/faults", #"{"stale_reads_ms": 0}"#)
            #expect(try await trader.order("hidden").status == 200)
            #expect(try await counts() == [1, 2, 1])
        }
    }

    @Test("that make no sense are refused, and nothing of them is done")
    func nonsense() async throws {
        try await withSimulator(.still) { simulator in
            for body in [
                #"{"order_before": "explode"}"#, #"{"order_after_status": 200}"#, #"{"for_orders": 3}"#,
                #"{"rest_status": 503, "clock_offset_ms": 1.5}"#, #"{"server_shutdown": 1}"#, #"{"drop_reports": -1}"#,
            ] {
                let answer = try await simulator.post("/sim/faults", body)
                #expect(answer.status == 400, "\(body)")
            }
            for body in [
                "{}", #"{"api_key": "new"}"#, #"{"api_key": "a b", "api_secret": "c"}"#,
                #"{"api_key": "new", "api_secret": "c", "balances": {"BTC": 1}}"#,
                #"{"api_key": "new", "api_secret": "c", "permissions": ["FLY"]}"#,
            ] {
                #expect(try await simulator.post("/sim/accounts", body).status == 400, "\(body)")
            }
            #expect(try await simulator.trader.buy("0.01").status == 200)
            #expect(try await simulator.get("/sim/accounts").body["accounts"].elements.count == 1)
        }
    }
}
