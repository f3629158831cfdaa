import NIOCore

/// What is spoken on one WebSocket connection, whatever keeps it alive. Used on the connection's event loop only.
protocol SocketConversation: AnyObject {
    /// How many messages a second the other side may send before it is disconnected.
    var messagesPerSecond: Int { get }
    /// - Returns: the reason, if the connection is to be closed at once.
    func open(_ channel: any Channel) -> String?
    /// The other side has gone, or is about to. May come more than once.
    func close()
    /// One message of the other side.
    func receive(_ text: String)
}
