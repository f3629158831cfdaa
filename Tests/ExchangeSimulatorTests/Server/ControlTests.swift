import AsyncHTTPClient
import ExchangeSimulator
import Testing
import Trading

@Suite("Controlling the simulator", .timeLimit(.minutes(5)))
struct ControlTests {
    private static let still = SimulatorConfiguration(
        seed: 42,
        steps: true,
        startTime: Timestamp(milliseconds: 1_749_988_800_000)
    )

    @Test("Its state can be asked")
    func status() async throws {
        try await withSimulator(Self.still) { simulator in
            let socket = try await simulator.webSocket("/stream?streams=btcusdt@kline_1s/ethusdt@kline_1s")
            _ = try await simulator.get("/api/v3/ping")
            let status = try await simulator.get("/sim/status").body
            #expect(status["market_time"].integer == 1_749_988_800_000)
            #expect(status["market"].string == "synthetic" && status["mode"].string == "steps")
            #expect(status["ended"].bool == false)
            #expect(status["connections"].integer == 1 && status["streams"].integer == 2)
            #expect(status["requests"].integer == 1)
            try await socket.close()
        }
    }

    @Test("Market time advances by candles, only in steps")
    func advance() async throws {
        try await withSimulator(Self.still) { simulator in
            let once = try await simulator.post("/sim/advance").body
            #expect(once["market_time"].integer == 1_749_988_801_000 && once["ended"].bool == false)
            let more = try await simulator.post("/sim/advance", #"{"candles": 9}"#).body
            #expect(more["market_time"].integer == 1_749_988_810_000 && more["advanced"].integer == 9)
            #expect(try await simulator.get("/api/v3/time").body["serverTime"].integer == 1_749_988_810_000)
            for body in [#"{"candles": 0}"#, #"{"candles": 1.5}"#, #"{"candles": "1"}"#, #"{"candle": 1}"#, "[1]", "{"]
            {
                #expect(try await simulator.post("/sim/advance", body).status == 400, "\(body)")
            }
            #expect(try await simulator.get("/sim/advance").status == 405)
            #expect(try await simulator.post("/sim/nothing").status == 404)
        }
        try await withSimulator { simulator in
            let answer = try await simulator.post("/sim/advance")
            #expect(answer.status == 409)
        }
    }

    @Test("A status can be asked for, for so many requests")
    func failures() async throws {
        try await withSimulator(Self.still) { simulator in
            try await simulator.post("/sim/faults", #"{"rest_status": 503, "for_requests": 2}"#)
            var statuses: [Int] = []
            for _ in 0..<3 { statuses.append(try await simulator.get("/api/v3/ping").status) }
            #expect(statuses == [503, 503, 200])
            for body in [#"{"rest_status": 200}"#, #"{"rest_state": 503}"#, #"{"rest_delay_ms": -1}"#] {
                #expect(try await simulator.post("/sim/faults", body).status == 400, "\(body)")
            }
            #expect(try await simulator.get("/api/v3/ping").status == 200)
        }
    }

    @Test("Answers can be held back, without holding back others")
    func delays() async throws {
        try await withSimulator(Self.still) { simulator in
            // Longer than the test may take: the others are answered meanwhile, however slow the machine is.
            try await simulator.post("/sim/faults", #"{"rest_delay_ms": 600000, "for_requests": 1}"#)
            let delayed = Task { try await simulator.get("/api/v3/ping") }
            // The fault is for the first request that arrives, so wait until it has.
            while try await simulator.get("/sim/status").body["requests"].integer != 1 {}
            #expect(try await simulator.get("/api/v3/ping").status == 200)
            delayed.cancel()
            await #expect(throws: (any Error).self) { try await delayed.value }
            try await simulator.post("/sim/faults", #"{"rest_delay_ms": 500, "for_requests": 1}"#)
            let start = ContinuousClock.now
            #expect(try await simulator.get("/api/v3/ping").status == 200)
            #expect(ContinuousClock.now - start >= .milliseconds(500))
        }
    }

    @Test("Stream events can be lost")
    func losses() async throws {
        try await withSimulator(Self.still) { simulator in
            let socket = try await simulator.webSocket("/ws/btcusdt@kline_1s")
            try await simulator.post("/sim/faults", #"{"drop_stream_events": 3}"#)
            try await simulator.post("/sim/advance", #"{"candles": 2}"#)
            let event = try await socket.nextJSON()
            #expect(event["k"]["t"].integer == 1_749_988_802_000 && event["k"]["x"].bool == false)
            try await simulator.post("/sim/advance")
            #expect(try await socket.nextJSON()["k"]["x"].bool == true)
            try await socket.close()
        }
    }

    @Test("All stream connections can be cut")
    func disconnects() async throws {
        try await withSimulator(Self.still) { simulator in
            let sockets = [try await simulator.webSocket("/ws"), try await simulator.webSocket("/ws/btcusdt@kline_1s")]
            #expect(try await simulator.post("/sim/disconnect").body["disconnected"].integer == 2)
            for socket in sockets { await socket.waitUntilDisconnected() }
            #expect(try await simulator.get("/sim/status").body["connections"].integer == 0)
        }
    }

    @Test("New connections can be refused for a while")
    func refusals() async throws {
        try await withSimulator(Self.still) { simulator in
            try await simulator.post("/sim/faults", #"{"refuse_connections_ms": 600000}"#)
            await #expect(throws: (any Error).self) { try await simulator.webSocket("/ws") }
            // The connection that is open already is still served, and ends it.
            try await simulator.post("/sim/faults", #"{"refuse_connections_ms": 0}"#)
            let socket = try await simulator.webSocket("/ws")
            try await socket.close()
        }
    }
}
