import AsyncHTTPClient
import Crypto
import ExchangeSimulator
import FoundationEssentials
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import Trading

/// A client with a key, which signs what it sends.
struct Trader: Sendable {
    let simulator: RunningSimulator
    var key = "simulator-key"
    var secret = "simulator-secret"

    static func sign(_ payload: String, secret: String) -> String {
        HMAC<SHA256>.authenticationCode(for: Array(payload.utf8), using: SymmetricKey(data: Array(secret.utf8)))
            .map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    /// Signs with the exchange's own time, unless the parameters have one.
    func send(_ method: HTTPMethod, _ path: String, _ parameters: String = "") async throws -> RunningSimulator.Answer {
        var payload = parameters
        if !payload.contains("timestamp=") {
            let time = try await simulator.get("/api/v3/time").body["serverTime"].integer ?? 0
            payload += (payload.isEmpty ? "" : "&") + "timestamp=\(time)"
        }
        return try await sendRaw(method, path, payload + "&signature=\(Self.sign(payload, secret: secret))")
    }

    func sendRaw(_ method: HTTPMethod, _ path: String, _ query: String, body: String? = nil) async throws
        -> RunningSimulator.Answer
    {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(simulator.port)/api/v3/\(path)?\(query)")
        request.method = method
        request.headers.add(name: "X-MBX-APIKEY", value: key)
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
        let bytes = try await response.body.collect(upTo: 16 << 20)
        // An answer that is no JSON is one, too.
        let body = try? JSONDecoder().decode(JSONValue.self, from: Data(buffer: bytes))
        return RunningSimulator.Answer(
            status: Int(response.status.code),
            body: body ?? .string(String(buffer: bytes)),
            headers: response.headers
        )
    }

    @discardableResult
    func buy(_ quantity: String, of symbol: String = "BTCUSDT", id: String? = nil) async throws
        -> RunningSimulator.Answer
    {
        let name = id.map { "&newClientOrderId=\($0)" } ?? ""
        return try await send(.POST, "order", "symbol=\(symbol)&side=BUY&type=MARKET&quantity=\(quantity)\(name)")
    }

    @discardableResult
    func limit(_ side: String, _ quantity: String, at price: String, _ more: String = "&timeInForce=GTC") async throws
        -> RunningSimulator.Answer
    {
        let order = "symbol=BTCUSDT&side=\(side)&type=LIMIT&quantity=\(quantity)&price=\(price)\(more)"
        return try await send(.POST, "order", order)
    }

    func order(_ id: String) async throws -> RunningSimulator.Answer {
        try await send(.GET, "order", "symbol=BTCUSDT&origClientOrderId=\(id)")
    }

    func balance(_ asset: String) async throws -> (free: FixedDecimal, locked: FixedDecimal) {
        let balances = try await send(.GET, "account").body["balances"].elements
        let balance = balances.first { $0["asset"].string == asset } ?? .null
        return (balance["free"].decimal ?? .zero, balance["locked"].decimal ?? .zero)
    }

    /// A connection that is told what happens in the account.
    func userStream() async throws -> WebSocketClient {
        let socket = try await simulator.webSocket("/ws-api/v3?returnRateLimits=false")
        let time = try await simulator.get("/api/v3/time").body["serverTime"].integer ?? 0
        let signature = Self.sign("apiKey=\(key)&timestamp=\(time)", secret: secret)
        try await socket.send(
            #"{"id":"s","method":"userDataStream.subscribe.signature","params":{"apiKey":"\#(key)","#
                + #""timestamp":\#(time),"signature":"\#(signature)"}}"#
        )
        _ = try await socket.nextJSON()
        return socket
    }
}

extension RunningSimulator {
    var trader: Trader { Trader(simulator: self) }

    /// What the exchange's log says.
    func orderLog(_ query: String = "") async throws -> [JSONValue] {
        try await get("/sim/orders\(query)").body["orders"].elements
    }

    func price(_ symbol: String = "BTCUSDT") async throws -> (bid: FixedDecimal, ask: FixedDecimal) {
        let ticker = try await get("/api/v3/ticker/bookTicker?symbol=\(symbol)").body
        return (ticker["bidPrice"].decimal ?? .zero, ticker["askPrice"].decimal ?? .zero)
    }
}

extension SimulatorConfiguration {
    /// An invented market that stands still until it is told to move.
    static let still = SimulatorConfiguration(
        seed: 42,
        steps: true,
        startTime: Timestamp(milliseconds: 1_749_988_800_000)
    )
}
