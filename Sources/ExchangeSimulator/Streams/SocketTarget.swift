/// What is spoken on a socket, by its path.
enum SocketTarget: Sendable, Hashable {
    /// Market streams.
    case streams(StreamTarget)
    /// Requests and user data streams: `/ws-api/v3`. The limits are told with each answer unless the path says otherwise.
    case requests(returnsLimits: Bool)

    init?(path: String, query: String) {
        if path == "/ws-api/v3" || path == "/ws-api/v3/" {
            self = .requests(returnsLimits: !query.split(separator: "&").contains("returnRateLimits=false"))
        } else if let target = StreamTarget(path: path, query: query) {
            self = .streams(target)
        } else {
            return nil
        }
    }
}
