import ExchangeSimulator
import FoundationEssentials
import NIOHTTP1
import Testing
import Trading

@Suite("User data streams", .timeLimit(.minutes(5)))
struct UserStreamTests {
    /// The events of one connection until there are so many.
    private static func events(_ count: Int, _ socket: WebSocketClient) async throws -> [JSONValue] {
        var events: [JSONValue] = []
        while events.count < count { events.append(try await socket.nextJSON()["event"]) }
        return events
    }

    @Test("tell each order's way and every change of balance, with the subscription's id")
    func life() async throws {
        try await withSimulator(.still) { simulator in
            let trader = simulator.trader
            let socket = try await trader.userStream()
            let ask = try await simulator.price().ask
            try await trader.buy("0.01", id: "market")
            let first = try await socket.nextJSON()
            #expect(first["subscriptionId"].integer == 0)
            let new = first["event"]
            #expect(new["e"].string == "executionReport" && new["x"].string == "NEW" && new["X"].string == "NEW")
            #expect(new["c"].string == "market" && new["i"].integer == 1 && new["t"].integer == -1)
            let rest = try await Self.events(2, socket)
            #expect(rest[0]["x"].string == "TRADE" && rest[0]["X"].string == "FILLED")
            #expect(rest[0]["L"].decimal == ask && rest[0]["l"].decimal == "0.01" && rest[0]["t"].integer == 1)
            #expect(rest[0]["n"].decimal == "0.00001" && rest[0]["N"].string == "BTC")
            #expect(rest[1]["e"].string == "outboundAccountPosition")
            #expect(rest[1]["B"].elements.map { $0["a"].string } == ["BTC", "USDT"])
            #expect(rest[1]["B"][0]["f"].decimal == "100.00999")

            try await trader.limit("BUY", "0.01", at: "10000", "&timeInForce=GTC&newClientOrderId=rests")
            #expect(try await Self.events(2, socket)[1]["B"][1]["l"].decimal == "100")
            _ = try await trader.send(.DELETE, "order", "symbol=BTCUSDT&origClientOrderId=rests&newClientOrderId=bye")
            let canceled = try await Self.events(2, socket)
            #expect(canceled[0]["x"].string == "CANCELED" && canceled[0]["c"].string == "bye")
            #expect(canceled[0]["C"].string == "rests" && canceled[1]["B"][1]["l"].decimal == .zero)

            // A maker's fill comes from the market's movement.
            let bid = try await simulator.price().bid
            try await trader.limit("BUY", "0.01", at: "\(bid - "2")")
            _ = try await Self.events(2, socket)
            var isFilled = false
            for _ in 0..<600 where !isFilled {
                try await simulator.post("/sim/advance", #"{"candles": 5}"#)
                isFilled = try await trader.send(.GET, "openOrders").body.elements.isEmpty
            }
            let fill = try await Self.events(1, socket)[0]
            #expect(fill["x"].string == "TRADE" && fill["m"].bool == true && fill["L"].decimal == bid - "2")
            try await socket.close()
        }
    }

    @Test("are subscribed to once per account and connection, end when asked, and need a valid signature")
    func subscriptions() async throws {
        try await withSimulator(.still) { simulator in
            let trader = simulator.trader
            let socket = try await trader.userStream()
            func ask(_ method: String, _ parameters: String) async throws -> JSONValue {
                try await socket.send(#"{"id":7,"method":"\#(method)","params":{\#(parameters)}}"#)
                return try await socket.nextJSON()
            }
            let payload = "apiKey=simulator-key&timestamp=1749988800000"
            let signature = Trader.sign(payload, secret: trader.secret)
            let good = #""apiKey":"simulator-key","timestamp":1749988800000,"signature":"\#(signature)""#
            let subscribe = "userDataStream.subscribe.signature"
            #expect(try await ask(subscribe, good)["error"]["code"].integer == -2035)
            let forged = good.replacing(signature, with: String(repeating: "0", count: 64))
            let refused = try await ask(subscribe, forged)
            #expect(refused["status"].integer == 400 && refused["error"]["code"].integer == -1022)
            #expect(try await ask("session.subscriptions", "")["result"][0]["subscriptionId"].integer == 0)
            try await socket.send(#"{"id":8,"method":"userDataStream.unsubscribe"}"#)
            #expect(try await socket.nextJSON()["event"]["e"].string == "eventStreamTerminated")
            #expect(try await socket.nextJSON()["status"].integer == 200)
            #expect(try await ask("session.subscriptions", "")["result"].elements.isEmpty)
            #expect(try await ask(subscribe, good)["result"]["subscriptionId"].integer == 1)
            #expect(try await ask("no.such", "")["error"]["code"].integer == -1020)
            try await socket.send("[")
            #expect(try await socket.nextJSON()["error"]["code"].integer == -1135)
            #expect(try await ask("time", "")["result"]["serverTime"].integer == 1_749_988_800_000)
            let open = try await ask("order.place", #""symbol":"BTCUSDT""#)
            #expect(open["status"].integer == 401 && open["error"]["code"].integer == -2014)
            try await socket.close()
        }
    }

    @Test("lose, repeat, reverse and delay reports on request")
    func faults() async throws {
        try await withSimulator(.still) { simulator in
            let trader = simulator.trader
            let socket = try await trader.userStream()
            func kinds(_ count: Int) async throws -> [String?] {
                try await Self.events(count, socket).map { $0["x"].string ?? $0["e"].string }
            }
            try await simulator.post("/sim/faults", #"{"drop_reports": 1}"#)
            try await trader.buy("0.01")
            #expect(try await kinds(2) == ["TRADE", "outboundAccountPosition"])
            try await simulator.post("/sim/faults", #"{"duplicate_reports": 2}"#)
            try await trader.buy("0.01")
            #expect(try await kinds(5) == ["NEW", "NEW", "TRADE", "TRADE", "outboundAccountPosition"])
            try await simulator.post("/sim/faults", #"{"reverse_reports": 1}"#)
            try await trader.buy("0.01")
            #expect(try await kinds(3) == ["outboundAccountPosition", "TRADE", "NEW"])
            try await simulator.post("/sim/faults", #"{"delay_reports": 1, "report_delay_ms": 500}"#)
            let start = ContinuousClock.now
            try await trader.buy("0.01", id: "late")
            #expect(try await Self.events(3, socket).compactMap { $0["c"].string } == ["late", "late"])
            #expect(ContinuousClock.now - start >= .milliseconds(500))
            // Longer than the test may take: what comes meanwhile overtakes them, however slow the machine is.
            try await simulator.post("/sim/faults", #"{"delay_reports": 1, "report_delay_ms": 600000}"#)
            try await trader.buy("0.01", id: "never")
            try await trader.buy("0.01", id: "early")
            #expect(try await Self.events(3, socket).compactMap { $0["c"].string } == ["early", "early"])
            try await simulator.post("/sim/faults", #"{"server_shutdown": true}"#)
            #expect(try await socket.nextJSON()["event"]["e"].string == "serverShutdown")
            let market = try await simulator.webSocket("/ws")
            #expect(
                try await simulator.post("/sim/disconnect", #"{"streams": "user"}"#).body["disconnected"].integer == 1
            )
            await socket.waitUntilDisconnected()
            #expect(try await simulator.get("/sim/status").body["connections"].integer == 1)
            try await market.close()
        }
    }

    @Test("are told in the same connection that orders are placed on")
    func socketOrders() async throws {
        try await withSimulator(.still) { simulator in
            let trader = simulator.trader
            let socket = try await trader.userStream()
            let payload =
                "apiKey=simulator-key&quantity=0.01&side=BUY&symbol=BTCUSDT&timestamp=1749988800000&type=MARKET"
            try await socket.send(
                #"{"id":1,"method":"order.place","params":{"symbol":"BTCUSDT","side":"BUY","type":"MARKET","quantity":"0.01","#
                    + #""timestamp":1749988800000,"apiKey":"simulator-key","#
                    + #""signature":"\#(Trader.sign(payload, secret: trader.secret))"}}"#
            )
            var answer: JSONValue = .null
            for _ in 0..<4 {
                let message = try await socket.nextJSON()
                if message["id"] != .null { answer = message }
            }
            #expect(answer["status"].integer == 200 && answer["result"]["status"].string == "FILLED")
            #expect(try await simulator.orderLog().count == 1)
            try await socket.close()
        }
    }

    @Test("can be asked for on a connection that has been used for other requests")
    func reusedConnection() async throws {
        try await withSimulator(.still) { simulator in
            let upgrade =
                "GET /api/v3/ping HTTP/1.1\r\nHost: x\r\n\r\nGET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            // A close frame right behind it, so that the connection ends.
            let bytes = Array(upgrade.utf8) + [0x88, 0x80, 0, 0, 0, 0]
            let answer = try await RobustnessTests.exchange(bytes, port: simulator.port)
            #expect(answer.contains("HTTP/1.1 200 OK") && answer.contains("HTTP/1.1 101 Switching Protocols"))
            #expect(answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
            let wrong = upgrade.replacing("Sec-WebSocket-Version: 13\r\n", with: "Connection: close\r\n")
            #expect(try await RobustnessTests.exchange(Array(wrong.utf8), port: simulator.port).contains(" 426 "))
        }
    }
}
