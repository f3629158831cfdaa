import NIOCore
import Synchronization
import Trading

/// Who is told what happens in which account.
final class UserStreamHub: Sendable {
    private struct Subscriber {
        let connection: StreamConnection
        /// Account and subscription id, oldest first.
        var subscriptions: [(account: Int, id: Int)] = []
        var nextID = 0
    }

    private struct State {
        var nextID: UInt64 = 1
        var subscribers: [UInt64: Subscriber] = [:]
    }

    private let state = Mutex(State())

    func connect(_ channel: any Channel, outgoingLimit: Int) -> StreamConnection {
        state.withLock { state in
            let id = state.nextID
            state.nextID += 1
            let connection = StreamConnection(id: id, channel: channel, isCombined: false, limit: outgoingLimit)
            state.subscribers[id] = Subscriber(connection: connection)
            return connection
        }
    }

    func disconnect(_ connection: StreamConnection) {
        state.withLock { _ = $0.subscribers.removeValue(forKey: connection.id) }
    }

    /// - Returns: the id under which events of the account will come on this connection.
    func subscribe(_ connection: StreamConnection, to account: Int) throws(APIError) -> Int {
        let id: Int? = state.withLock { state in
            guard var subscriber = state.subscribers[connection.id],
                !subscriber.subscriptions.contains(where: { $0.account == account })
            else { return nil }
            defer { state.subscribers[connection.id] = subscriber }
            let id = subscriber.nextID
            subscriber.nextID += 1
            subscriber.subscriptions.append((account, id))
            return id
        }
        guard let id else { throw APIError(code: -2035, "User Data Stream subscription already active.") }
        return id
    }

    /// Ends a subscription, or all of a connection; says so on it.
    func unsubscribe(_ connection: StreamConnection, id: Int?, at time: Timestamp) throws(APIError) {
        let ended: [Int] = state.withLock { state in
            let all = state.subscribers[connection.id]?.subscriptions.map(\.id) ?? []
            let ended = id.map { id in all.filter { $0 == id } } ?? all
            state.subscribers[connection.id]?.subscriptions.removeAll { ended.contains($0.id) }
            return ended
        }
        guard id == nil || !ended.isEmpty else {
            throw APIError(code: -2036, "User Data Stream subscription not active.")
        }
        let text = "{\"e\":\"eventStreamTerminated\",\"E\":\(time.milliseconds)}"
        connection.send(ended.map { Self.message(text, subscription: $0) })
    }

    func subscriptions(of connection: StreamConnection) -> [Int] {
        state.withLock { $0.subscribers[connection.id]?.subscriptions.map(\.id) ?? [] }
    }

    /// Sends a group of events to those whom they concern.
    func tell(_ events: [AccountEvent], faults: FaultInjector) {
        guard !events.isEmpty else { return }
        let (events, delay) = faults.spoil(events)
        state.withLock { state in
            for subscriber in state.subscribers.values {
                let messages = events.compactMap { event in
                    subscriber.subscriptions.first { $0.account == event.account }.map {
                        Self.message(event.text, subscription: $0.id)
                    }
                }
                subscriber.connection.send(messages, after: delay)
            }
        }
    }

    /// Tells everybody that the server is about to go.
    func announceShutdown(_ event: String) {
        let connections = state.withLock { $0.subscribers.values.map(\.connection) }
        for connection in connections { connection.send([ByteBuffer(string: "{\"event\":\(event)}")]) }
    }

    /// Cuts every connection; answers with how many there were. None of them is counted any more, or told anything.
    func closeAll() -> Int {
        let connections = state.withLock { state in
            defer { state.subscribers = [:] }
            return state.subscribers.values.map(\.connection)
        }
        for connection in connections { connection.drop() }
        return connections.count
    }

    var connectionCount: Int { state.withLock { $0.subscribers.count } }
    var subscriptionCount: Int {
        state.withLock { $0.subscribers.values.reduce(0) { $0 + $1.subscriptions.count } }
    }

    private static func message(_ event: String, subscription: Int) -> ByteBuffer {
        ByteBuffer(string: "{\"subscriptionId\":\(subscription),\"event\":\(event)}")
    }
}
