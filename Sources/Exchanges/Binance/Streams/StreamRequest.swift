/// A control message on a stream connection.
struct StreamRequest: Sendable, Hashable {
    enum Method: String, Sendable {
        case subscribe = "SUBSCRIBE"
        case unsubscribe = "UNSUBSCRIBE"
    }

    let id: Int
    let method: Method
    let streams: [String]

    /// As JSON. Stream names need no escaping: symbols and intervals have none of JSON's special characters.
    var text: String {
        let parameters = streams.map { "\"\($0)\"" }.joined(separator: ",")
        return #"{"method":"\#(method.rawValue)","params":[\#(parameters)],"id":\#(id)}"#
    }
}
