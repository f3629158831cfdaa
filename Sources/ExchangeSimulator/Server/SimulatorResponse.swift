import NIOCore
import NIOHTTP1
import Trading

/// A whole HTTP answer; the body is JSON.
struct SimulatorResponse: Sendable {
    var status: HTTPResponseStatus = .ok
    var headers: HTTPHeaders = [:]
    var body: String
    /// How long to hold it back.
    var delay: Duration?
    /// Whether the connection is closed instead of answering.
    var isCut = false

    init(_ body: String) {
        self.body = body
    }

    init(_ value: JSONValue) {
        body = value.text
    }

    /// No answer at all.
    static var cut: SimulatorResponse {
        var response = SimulatorResponse("")
        response.isCut = true
        return response
    }

    init(_ error: APIError) {
        status = error.status
        body = error.text
        if let retryAfter = error.retryAfter { headers.add(name: "Retry-After", value: "\(retryAfter)") }
    }
}
