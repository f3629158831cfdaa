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

    private static let timeout = TimeAmount.seconds(30)
    private static let largestAnswer = 64 << 20
    private static let pageSize = 500

    /// Nil if that is no address.
    init?(url: String, token: String? = nil) {
        guard ["http://", "https://"].contains(where: { url.hasPrefix($0) && url.count > $0.count }) else { return nil }
        self.url = url.hasSuffix("/") ? String(url.dropLast()) : url
        self.token = token
    }

    func get(_ path: String, _ query: [String: String] = [:]) async throws -> JSONValue {
        try await send(.GET, path + Self.text(of: query))
    }

    func post(_ path: String) async throws -> JSONValue {
        try await send(.POST, path)
    }

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

    private func send(_ method: HTTPMethod, _ path: String) async throws -> JSONValue {
        var request = HTTPClientRequest(url: url + path)
        request.method = method
        request.headers.add(name: "accept", value: "application/json")
        if let token { request.headers.add(name: "authorization", value: "Bearer \(token)") }
        let status: Int
        let text: String
        do {
            let response = try await HTTPClient.shared.execute(request, timeout: Self.timeout)
            status = Int(response.status.code)
            text = String(buffer: try await response.body.collect(upTo: Self.largestAnswer))
        } catch {
            throw fail(
                "\(url) does not answer (\(error)). Say with --url or TENURE_URL where the cluster is.",
                code: 69
            )
        }
        let body = try? JSONValue(text: text)
        guard (200..<300).contains(status), let body else {
            throw fail(
                body?["detail"]?.string
                    ?? "\(url)\(path) answered \(status), and not as Tenure does: is it another service?",
                code: (400..<500).contains(status) ? 1 : 69
            )
        }
        return body
    }

    private static func text(of query: [String: String]) -> String {
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
