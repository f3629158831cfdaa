import AsyncHTTPClient
import ExchangeSimulator
import FoundationEssentials
import Logging
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import Trading

/// A simulator that is running, and how to talk to it.
struct RunningSimulator: Sendable {
    let port: Int

    struct Answer: Sendable {
        let status: Int
        let body: JSONValue
        let headers: HTTPHeaders

        func header(_ name: String) -> String? { headers.first(name: name) }
    }

    func get(_ pathAndQuery: String) async throws -> Answer { try await send(.GET, pathAndQuery, nil) }

    @discardableResult
    func post(_ path: String, _ body: String = "") async throws -> Answer { try await send(.POST, path, body) }

    private func send(_ method: HTTPMethod, _ pathAndQuery: String, _ body: String?) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(pathAndQuery)")
        request.method = method
        if let body { request.body = .bytes(ByteBuffer(string: body)) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
        let bytes = try await response.body.collect(upTo: 16 * 1_024 * 1_024)
        return Answer(
            status: Int(response.status.code),
            body: try JSONDecoder().decode(JSONValue.self, from: Data(buffer: bytes)),
            headers: response.headers
        )
    }

    func webSocket(_ target: String) async throws -> WebSocketClient {
        try await WebSocketClient.connect(port: port, target: target)
    }
}

/// Starts a simulator on a free port, and stops it when the body is done.
func withSimulator(
    _ configuration: SimulatorConfiguration = SimulatorConfiguration(),
    _ body: @escaping @Sendable (RunningSimulator) async throws -> Void
) async throws {
    let server = try SimulatorServer(
        configuration: configuration,
        logger: Logger(label: "simulator", factory: { _ in SwiftLogNoOpLogHandler() })
    )
    try await withThrowingTaskGroup { group in
        group.addTask { try await server.run() }
        try await body(RunningSimulator(port: try await server.port))
        group.cancelAll()
    }
}
