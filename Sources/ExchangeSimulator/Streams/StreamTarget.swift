/// What the path of a WebSocket request asks for: `/ws`, `/ws/<stream>/<stream>`, `/stream?streams=a/b`.
struct StreamTarget: Sendable, Hashable {
    let streams: [StreamName]
    /// Whether events come wrapped with the name of their stream.
    let isCombined: Bool

    /// `nil` if there are no streams under this path.
    init?(path: String, query: String) {
        let names: [Substring]
        switch path {
        case "/ws", "/ws/":
            names = []
            isCombined = false
        case "/stream", "/stream/":
            let parameter = query.split(separator: "&").first { $0.hasPrefix("streams=") }
            names = (parameter?.dropFirst(8)).map { QueryParameters.decoded($0).split(separator: "/") } ?? []
            isCombined = true
        default:
            guard path.hasPrefix("/ws/") else { return nil }
            names = QueryParameters.decoded(path.dropFirst(4)).split(separator: "/")
            isCombined = false
        }
        streams = names.map { StreamName(String($0)) }
    }
}
