import ExchangeSimulator
import NIOCore
import NIOWebSocket
import Testing
import Trading

@Suite("Streams over WebSocket", .timeLimit(.minutes(5)))
struct StreamTests {
    /// 2025-06-15 12:00:00 UTC.
    private static let noon: Int64 = 1_749_988_800_000
    private static let still = SimulatorConfiguration(
        seed: 42,
        steps: true,
        startTime: Timestamp(milliseconds: noon)
    )

    @Test("A candle's close is told, and at the same moment the opening of the next, as REST tells them")
    func klines() async throws {
        try await withSimulator(Self.still) { simulator in
            let socket = try await simulator.webSocket("/ws/btcusdt@kline_1s")
            try await simulator.post("/sim/advance", #"{"candles": 3}"#)
            for second in Int64(0)..<3 {
                let close = try await socket.nextJSON()
                #expect(close["e"].string == "kline" && close["s"].string == "BTCUSDT")
                #expect(close["E"].integer == Self.noon + (second + 1) * 1_000)
                let candle = close["k"]
                #expect(candle["x"].bool == true && candle["i"].string == "1s")
                let page = "startTime=\(Self.noon + second * 1_000)&limit=1"
                let kline = try await simulator.get("/api/v3/klines?symbol=BTCUSDT&interval=1s&\(page)").body[0]
                for (index, name) in ["t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B"].enumerated() {
                    #expect(candle[name] == kline[index], "\(name)")
                }
                let opening = try await socket.nextJSON()["k"]
                #expect(opening["x"].bool == false && opening["t"].integer == Self.noon + (second + 1) * 1_000)
                #expect(opening["o"] == candle["c"])
                for name in ["h", "l", "c"] { #expect(opening[name] == opening["o"]) }
                #expect(opening["v"].decimal == .zero)
            }
            try await socket.close()
        }
    }

    @Test("Combined streams wrap events with the stream's name, in the order of time")
    func combined() async throws {
        try await withSimulator(Self.still) { simulator in
            let socket = try await simulator.webSocket(
                "/stream?streams=ethusdt@kline_1s/btcusdt@kline_1s/btcusdt@trade"
            )
            try await simulator.post("/sim/advance", #"{"candles": 2}"#)
            var told: [String] = []
            for _ in 0..<10 {
                let event = try await socket.nextJSON()
                let kind =
                    event["data"]["e"].string == "trade"
                    ? "" : event["data"]["k"]["x"].bool == true ? " final" : " open"
                told.append((event["stream"].string ?? "") + kind)
            }
            let second = [
                "btcusdt@trade", "btcusdt@kline_1s final", "btcusdt@kline_1s open", "ethusdt@kline_1s final",
                "ethusdt@kline_1s open",
            ]
            #expect(told == second + second)
            try await socket.close()
        }
    }

    @Test("Streams are subscribed to, listed and unsubscribed from, each request answered by its id")
    func subscriptions() async throws {
        try await withSimulator(Self.still) { simulator in
            let socket = try await simulator.webSocket("/ws")
            try await socket.send(
                #"{"method":"SUBSCRIBE","params":["btcusdt@kline_1s","ethusdt@kline_1m","nope@kline_1s"],"id":1}"#
            )
            #expect(try await socket.nextJSON() == JSONValue(text: #"{"result":null,"id":1}"#))
            try await socket.send(#"{"method":"UNSUBSCRIBE","params":["ethusdt@kline_1m"],"id":"two"}"#)
            #expect(try await socket.nextJSON() == JSONValue(text: #"{"result":null,"id":"two"}"#))
            try await socket.send(#"{"method":"LIST_SUBSCRIPTIONS","id":3}"#)
            #expect(
                try await socket.nextJSON()
                    == JSONValue(text: #"{"result":["btcusdt@kline_1s","nope@kline_1s"],"id":3}"#)
            )
            try await socket.send("nonsense")
            #expect(try await socket.nextJSON()["error"]["code"].integer == 3)
            try await simulator.post("/sim/advance", #"{"candles": 60}"#)
            for _ in 0..<120 { #expect(try await socket.nextJSON()["s"].string == "BTCUSDT") }
            try await socket.send(#"{"method":"UNSUBSCRIBE","params":["btcusdt@kline_1s"],"id":4}"#)
            #expect(try await socket.nextJSON()["id"].integer == 4)
            try await simulator.post("/sim/advance")
            #expect(try await simulator.get("/sim/status").body["streams"].integer == 1)
            try await socket.close()
        }
    }

    @Test("A connection may hold so many streams and no more")
    func streamLimit() async throws {
        var configuration = Self.still
        configuration.streamsPerConnection = 2
        try await withSimulator(configuration) { simulator in
            let socket = try await simulator.webSocket("/ws/btcusdt@kline_1s")
            let subscribe = #"{"method":"SUBSCRIBE","params":["btcusdt@kline_1s","b@trade","c@trade"],"id":1}"#
            try await socket.send(subscribe)
            #expect(try await socket.nextJSON()["error"]["code"].integer == 2)
            try await socket.send(#"{"method":"LIST_SUBSCRIPTIONS","id":2}"#)
            #expect(try await socket.nextJSON()["result"].elements.count == 1)
            try await socket.close()
            let greedy = try await simulator.webSocket("/stream?streams=a@trade/b@trade/c@trade")
            await greedy.waitUntilDisconnected()
        }
    }

    @Test("A thousand streams fit into one path")
    func longPath() async throws {
        try await withSimulator(Self.still) { simulator in
            let streams = (1...1_024).map { "sim\(String(10_000 + $0).dropFirst())usdt@kline_1s" }
            let socket = try await simulator.webSocket("/stream?streams=" + streams.joined(separator: "/"))
            try await simulator.post("/sim/advance")
            var told: Set<String> = []
            for _ in 0..<2_048 {
                if let stream = try await socket.nextJSON()["stream"].string { told.insert(stream) }
            }
            #expect(told == Set(streams))
            try await socket.close()
        }
    }

    @Test("Pings are answered, and pings come")
    func pings() async throws {
        var configuration = Self.still
        configuration.pingInterval = .milliseconds(20)
        try await withSimulator(configuration) { simulator in
            let socket = try await simulator.webSocket("/ws")
            try await socket.send(.ping, ByteBuffer(string: "hello"))
            var (pings, isAnswered) = (0, false)
            while pings < 3 || !isAnswered {
                switch await socket.next() {
                case .ping(let payload):
                    pings += 1
                    try await socket.send(.pong, ByteBuffer(string: payload))
                case .pong(let payload): isAnswered = payload == "hello"
                case .text, .close, .disconnected:
                    Issue.record("nothing but pings and a pong was to be expected")
                    return
                }
            }
            try await socket.close()
        }
    }

    @Test("Who does not answer pings is disconnected")
    func silence() async throws {
        var configuration = Self.still
        configuration.pingInterval = .milliseconds(20)
        configuration.pongTimeout = .milliseconds(100)
        try await withSimulator(configuration) { simulator in
            let socket = try await simulator.webSocket("/ws")
            await socket.waitUntilDisconnected()
        }
    }

    @Test("Who says too much at once is disconnected")
    func messageRate() async throws {
        try await withSimulator(Self.still) { simulator in
            let socket = try await simulator.webSocket("/ws")
            // At once, and more than fall into the allowance of many seconds, so that a second's turn changes nothing.
            try await socket.sendTogether((0..<200).map { #"{"method":"LIST_SUBSCRIPTIONS","id":\#($0)}"# })
            var events: [WebSocketClient.Event] = []
            while events.last != .disconnected { events.append(await socket.next()) }
            #expect(events.contains(.close(1_008)))
        }
    }

    @Test("Who does not read is disconnected, and nobody else")
    func slowReader() async throws {
        var configuration = Self.still
        configuration.outgoingBufferLimit = 64 * 1_024
        try await withSimulator(configuration) { simulator in
            let slow = try await WebSocketClient.connect(
                port: simulator.port,
                target: "/ws/btcusdt@kline_1s",
                receiveBuffer: 4_096
            )
            let quick = try await simulator.webSocket("/ws")
            try await slow.channel.setOption(.autoRead, value: false).get()
            var (rounds, connections) = (0, Int64(2))
            while connections == 2, rounds < 5_000 {
                try await simulator.post("/sim/advance", #"{"candles": 50}"#)
                connections = try await simulator.get("/sim/status").body["connections"].integer ?? 0
                rounds += 1
            }
            #expect(connections == 1)
            try await quick.send(#"{"method":"LIST_SUBSCRIPTIONS","id":1}"#)
            #expect(try await quick.nextJSON()["id"].integer == 1)
            try await quick.close()
            try? await slow.close()
        }
    }

    @Test("In real time candles close when their second is over")
    func realTime() async throws {
        try await withSimulator { simulator in
            let socket = try await simulator.webSocket("/ws/btcusdt@kline_1s")
            var previous: Int64?
            var finals = 0
            while finals < 2 {
                let event = try await socket.nextJSON()
                let open = try #require(event["k"]["t"].integer)
                if event["k"]["x"].bool == true {
                    finals += 1
                    #expect(event["E"].integer == open + 1_000)
                    if let previous { #expect(open == previous + 1_000) }
                    previous = open
                    #expect(
                        try #require(try await simulator.get("/api/v3/time").body["serverTime"].integer) >= open + 1_000
                    )
                }
            }
            try await socket.close()
        }
    }

    @Test("A closing handshake is answered")
    func closes() async throws {
        try await withSimulator(Self.still) { simulator in
            let socket = try await simulator.webSocket("/ws")
            try await socket.send(.connectionClose, ByteBuffer(bytes: [0x03, 0xE8]))
            #expect(await socket.next() == .close(1_000))
            await socket.waitUntilDisconnected()
        }
    }
}
