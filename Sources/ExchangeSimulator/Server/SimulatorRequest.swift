import NIOCore
import NIOHTTP1

/// A whole HTTP request.
struct SimulatorRequest: Sendable {
    var method: HTTPMethod
    /// Without the query.
    var path: String
    /// What follows the question mark, as it was sent.
    var query: String
    var headers: HTTPHeaders = [:]
    var body = ByteBuffer()
    /// The parameters, of a request that came as JSON over a socket.
    var socketParameters: [String: String]?
    /// Where the request came from.
    var address: String

    static func split(_ uri: String) -> (path: String, query: String) {
        let halves = uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return (String(halves[0]), halves.count > 1 ? String(halves[1]) : "")
    }
}
