import AsyncHTTPClient
import ExchangeSimulator
import FoundationEssentials
import Logging
import NIOCore
import NIOHTTP1
import Trading

@testable import Exchanges

/// A simulator that listens, and the exchange that talks to it, both real and both in this process.
struct Venue: Sendable {
    let exchange: BinanceExchange
    let simulator: SimulatorControl

    /// Runs `body` while both run, and stops both.
    static func with<R: Sendable>(
        _ configuration: SimulatorConfiguration,
        logger: Logger = .silent,
        adjust: @Sendable (inout BinanceConfiguration) -> Void = { _ in },
        _ body: @Sendable @escaping (Venue) async throws -> R
    ) async throws -> R {
        let server = try SimulatorServer(configuration: configuration, logger: .silent)
        return try await withThrowingTaskGroup(of: R?.self) { group in
            group.addTask {
                try await server.run()
                return nil
            }
            let port = try await server.port
            let exchange = BinanceExchange(configuration: .local(port: port, adjust), logger: logger)
            group.addTask {
                try await exchange.run()
                return nil
            }
            group.addTask { try await body(Venue(exchange: exchange, simulator: SimulatorControl(port: port))) }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }
}

extension BinanceConfiguration {
    /// For a simulator on this machine: impatient.
    static func local(port: Int, _ adjust: (inout BinanceConfiguration) -> Void = { _ in }) -> BinanceConfiguration {
        var configuration = BinanceConfiguration(
            restURL: "http://127.0.0.1:\(port)",
            streamURL: "ws://127.0.0.1:\(port)",
            accountStreamURL: "ws://127.0.0.1:\(port)/ws-api/v3"
        )
        configuration.backOff = BackOffPolicy(initial: .milliseconds(10), maximum: .milliseconds(100))
        configuration.requestTimeout = .seconds(60)
        adjust(&configuration)
        return configuration
    }
}

/// The simulator's own controls.
struct SimulatorControl: Sendable {
    let port: Int

    func advance(candles: Int = 1) async throws { try await post("advance", #"{"candles":\#(candles)}"#) }

    func disconnect(_ streams: String? = nil) async throws {
        try await post("disconnect", streams.map { #"{"streams":"\#($0)"}"# } ?? "{}")
    }

    func release() async throws { try await post("release", "") }

    func advance(milliseconds: Int) async throws { try await post("advance", #"{"milliseconds":\#(milliseconds)}"#) }

    /// What the exchange's log says of each order request: its verdict.
    func verdicts(_ clientOrderID: String) async throws -> [String] {
        let text = try await send(.GET, "orders?client_order_id=\(clientOrderID)", nil)
        guard case .object(let fields) = try JSONValue(text: text), case .array(let orders) = fields["orders"] else {
            throw ExchangeError(.malformed, "the simulator's log cannot be read: \(text)")
        }
        return orders.compactMap { order in
            if case .object(let fields) = order, case .string(let verdict) = fields["verdict"] { verdict } else { nil }
        }
    }

    func account(_ fields: String) async throws { try await post("accounts", "{\(fields)}") }

    func faults(_ fields: String) async throws { try await post("faults", "{\(fields)}") }

    /// A number of `GET /sim/status`.
    func status(_ name: String) async throws -> Int {
        let text = try await send(.GET, "status", nil)
        guard case .object(let fields) = try JSONValue(text: text), case .number(let number) = fields[name] else {
            throw ExchangeError(.malformed, "the simulator's status has no \(name): \(text)")
        }
        return Int(number.description) ?? -1
    }

    private func post(_ path: String, _ body: String) async throws { _ = try await send(.POST, path, body) }

    private func send(_ method: HTTPMethod, _ path: String, _ body: String?) async throws -> String {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/sim/\(path)")
        request.method = method
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
        let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
        guard response.status == .ok else { throw ExchangeError(.rejected, "/sim/\(path): \(response.status) \(text)") }
        return text
    }
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
