import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOHTTP1
import Trading

/// Asks a cluster over HTTP. An answer that is no success ends the command: with 1 if the request was refused, with 69 if
/// nobody answered, or nobody could.
struct APIClient: Sendable {
    /// Without a slash at the end.
    let url: String
    /// Sent with every request.
    let token: String?
    let http: HTTPClient

    private static let timeout = TimeAmount.seconds(30)
    private static let largestAnswer = 64 << 20
    private static let pageSize = 500

    /// Nil if that is no address.
    init?(url: String, token: String? = nil, http: HTTPClient = .shared) {
        guard ["http://", "https://"].contains(where: { url.hasPrefix($0) && url.count > $0.count }) else { return nil }
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.token = token
        self.http = http
    }

    func get(_ path: String, _ query: [String: String] = [:]) async throws -> JSONValue {
        try await send(.GET, path + Self.text(of: query))
    }

    func post(
        _ path: String,
        _ body: [String: JSONValue]? = nil,
        headers: [String: String] = [:]
    ) async throws -> JSONValue {
        try await send(.POST, path, body.map(JSONValue.object), headers)
    }

    func put(_ path: String, _ body: [String: JSONValue]) async throws -> JSONValue {
        try await send(.PUT, path, .object(body))
    }

    func patch(_ path: String, _ body: [String: JSONValue]) async throws -> JSONValue {
        try await send(.PATCH, path, .object(body))
    }

    func delete(_ path: String) async throws -> JSONValue { try await send(.DELETE, path) }

    /// The pages of a list as one: its first `limit` items, or all.
    func list(_ path: String, _ query: [String: String] = [:], limit: Int = .max) async throws -> JSONValue {
        var query = query
        var items: [JSONValue] = []
        while true {
            query["limit"] = "\(min(Self.pageSize, limit - items.count))"
            let page = try await get(path, query)
            items += page["items"]?.array ?? []
            guard items.count < limit, let cursor = page["next_cursor"]?.string else { break }
            query["cursor"] = cursor
        }
        return .object(["items": .array(items)])
    }

    /// The id of the strategy that is meant: by an id, or by the symbol of an active one.
    func strategyID(_ strategy: String, exchange: String?) async throws -> Int {
        if let id = Int(strategy) { return id }
        let query = ["symbol": strategy, "exchange": exchange].compactMapValues { $0 }
        let found = try await get("/api/live-strategy/status", query)["items"]?.array ?? []
        guard let id = found.first?["id"]?.integer else {
            throw fail(
                "No strategy is active for \(strategy): `tenure status` lists the active ones, `tenure history` the others.",
                code: 1
            )
        }
        guard found.count == 1 else {
            throw fail("\(strategy) is active on several exchanges: say which with --exchange.", code: 1)
        }
        return id
    }

    /// A request with what all requests have.
    func request(_ method: HTTPMethod, _ path: String, accept: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        request.headers.add(name: "accept", value: accept)
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        return request
    }

    private func send(
        _ method: HTTPMethod,
        _ path: String,
        _ body: JSONValue? = nil,
        _ headers: [String: String] = [:]
    ) async throws -> JSONValue {
        var request = request(method, path, accept: "application/json")
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body.text))
        }
        let status: Int
        let text: String
        do {
            let response = try await http.execute(request, timeout: Self.timeout)
            status = Int(response.status.code)
            text = String(buffer: try await response.body.collect(upTo: Self.largestAnswer))
        } catch {
            throw noAnswer(error)
        }
        let body = try? JSONValue(text: text)
        guard (200..<300).contains(status), let body else { throw refusal(of: path, status, body) }
        return body
    }

    func noAnswer(_ error: any Error) -> any Error {
        fail("\(url) does not answer (\(error)). Say with --url or TENURE_URL where the cluster is.", code: 69)
    }

    /// Says why, as the answer does, with every field that is wrong.
    func refusal(of path: String, _ status: Int, _ body: JSONValue?) -> any Error {
        let fields = (body?["errors"]?.array ?? []).map { "\n  \($0["field"].cell): \($0["message"].cell)" }.joined()
        let detail = body?["detail"]?.string.map { $0 + fields }
        return fail(
            detail ?? "\(url)\(path) answered \(status), and not as Tenure does: is it another service?",
            code: (400..<500).contains(status) ? 1 : 69
        )
    }

    static func text(of query: [String: String]) -> String {
        guard !query.isEmpty else { return "" }
        let pairs = query.sorted { $0.key < $1.key }.map { "\($0.key)=\(encoded($0.value))" }
        return "?" + pairs.joined(separator: "&")
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                String(Unicode.Scalar(byte))
            default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }.joined()
    }
}
