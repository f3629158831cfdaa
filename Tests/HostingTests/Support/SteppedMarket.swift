import AsyncHTTPClient
import ExchangeSimulator
import Exchanges
import FoundationEssentials
import LocalCluster
import NIOCore
import NIOHTTP1
import TestSupport
import Testing
import Trading

/// The real simulator in this process, on candles of our own making, whose time moves when it is told to; and the real
/// adapter on it.
final class SteppedMarket: Sendable {
    let exchange: BinanceExchange
    let port: Int

    /// - Parameters:
    ///   - candles: By symbol, of five minutes.
    ///   - history: How many of them have closed when it begins.
    ///   - trades: Whether there is an account to trade on; then the exchange's clock goes on between steps.
    static func with(
        _ candles: [Symbol: [Candle]],
        history: Int,
        trades: Bool = false,
        _ body: (SteppedMarket) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory.create(prefix: "tenure-market")
        defer { TemporaryDirectory.remove(directory) }
        let files = try candles.map { symbol, candles in
            let file = "\(directory)/\(symbol)-5m.csv"
            let lines = candles.map {
                "\($0.openTime.milliseconds),\($0.open),\($0.high),\($0.low),\($0.close),\($0.volume)"
            }
            try (["open_time,open,high,low,close,volume"] + lines).joined(separator: "\n")
                .write(toFile: file, atomically: false, encoding: .utf8)
            return file
        }
        try await with(files: files, history: history, trades: trades, body)
    }

    static func with(
        files: [String],
        history: Int,
        trades: Bool = false,
        _ body: (SteppedMarket) async throws -> Void
    ) async throws {
        var configuration = SimulatorConfiguration(
            replayFiles: files,
            steps: true,
            history: history,
            weightLimit: 1_000_000
        )
        configuration.ticking = trades
        let server = try SimulatorServer(configuration: configuration, logger: HostingDatabase.silent)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            defer { group.cancelAll() }
            let market = try SteppedMarket(port: try await server.port, trades: trades)
            group.addTask { try await market.exchange.run() }
            try await body(market)
        }
    }

    private init(port: Int, trades: Bool) throws {
        self.port = port
        var configuration = BinanceConfiguration(
            restURL: "http://127.0.0.1:\(port)",
            streamURL: "ws://127.0.0.1:\(port)",
            accountStreamURL: "ws://127.0.0.1:\(port)/ws-api/v3",
            credentials: trades
                ? try BinanceCredentials(apiKey: "simulator-key", apiSecret: "simulator-secret") : nil
        )
        // Its clock moves with the steps.
        configuration.clockLifetime = .zero
        configuration.weightPerMinute = 1_000_000
        configuration.backOff = BackOffPolicy(initial: .milliseconds(5), maximum: .milliseconds(50))
        exchange = BinanceExchange(configuration: configuration, logger: HostingDatabase.silent)
    }

    /// Lets so many candles close. Returns the market's time, and whether the recording is over.
    @discardableResult
    func advance(_ candles: Int = 1) async throws -> (time: Timestamp, isOver: Bool) {
        let answer = try await post("/sim/advance", #"{"candles":\#(candles)}"#)
        let time = try #require(Int64(answer["market_time"]?.text ?? ""))
        return (Timestamp(milliseconds: time), answer["ended"] == .bool(true))
    }

    /// Breaks every stream.
    func disconnect() async throws { try await post("/sim/disconnect", "") }

    /// Nothing is to be had any more: requests fail, streams break, and those that are attached anew are silent, until
    /// ``recover()``.
    func fail() async throws {
        try await post("/sim/faults", Self.failure(1_000_000))
        try await disconnect()
    }

    func recover() async throws { try await post("/sim/faults", Self.failure(0)) }

    private static func failure(_ count: Int) -> String {
        #"{"rest_status":503,"for_requests":\#(count),"drop_stream_events":\#(count)}"#
    }

    func faults(_ fields: String) async throws { try await post("/sim/faults", "{\(fields)}") }

    /// Sets up an account, or changes it.
    func account(_ fields: String) async throws { try await post("/sim/accounts", "{\(fields)}") }

    /// Lets go of the orders, or the answers, that are held.
    func release() async throws { try await post("/sim/release", "") }

    /// An order as the exchange's log has it: the judge of what was sent.
    struct Received: Sendable {
        let clientOrderID: String
        let verdict: String
        let side: String
        let quantity: String
        /// Of the order it made.
        let status: String?
    }

    func received() async throws -> [Received] {
        let response = try await HTTPClient.shared.execute(
            HTTPClientRequest(url: "http://127.0.0.1:\(port)/sim/orders"),
            timeout: .seconds(30)
        )
        let answer = try JSONValue(text: String(buffer: try await response.body.collect(upTo: 1 << 24)))
        guard case .array(let orders)? = answer["orders"] else { return [] }
        return orders.map { order in
            Received(
                clientOrderID: order["client_order_id"]?.string ?? "",
                verdict: order["verdict"]?.string ?? "",
                side: order["side"]?.string ?? "",
                quantity: order["quantity"]?.string ?? "",
                status: order["order"]?["status"]?.string
            )
        }
    }

    @discardableResult
    private func post(_ path: String, _ body: String) async throws -> [String: JSONValue] {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = .POST
        request.body = .bytes(ByteBuffer(string: body))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
        let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
        try #require(response.status == .ok, "\(text)")
        guard case .object(let fields) = try JSONValue(text: text) else { return [:] }
        return fields
    }
}
