import NIOCore
import Synchronization

/// Who listens to what.
final class StreamHub: Sendable {
    private struct Subscriber {
        let connection: StreamConnection
        /// In the order of subscription.
        var streams: [StreamName] = []
    }

    private struct State {
        var nextID: UInt64 = 1
        var subscribers: [UInt64: Subscriber] = [:]
        var listeners: [StreamName: [UInt64: StreamConnection]] = [:]
    }

    private let state = Mutex(State())
    private let limit: Int

    /// - Parameter limit: how many streams one connection may hold.
    init(limit: Int) {
        self.limit = limit
    }

    func connect(_ channel: any Channel, isCombined: Bool, outgoingLimit: Int) -> StreamConnection {
        state.withLock { state in
            let id = state.nextID
            let connection = StreamConnection(id: id, channel: channel, isCombined: isCombined, limit: outgoingLimit)
            state.nextID += 1
            state.subscribers[id] = Subscriber(connection: connection)
            return connection
        }
    }

    func disconnect(_ connection: StreamConnection) {
        state.withLock { state in
            guard let subscriber = state.subscribers.removeValue(forKey: connection.id) else { return }
            for stream in subscriber.streams { Self.removeListener(connection.id, from: stream, in: &state) }
        }
    }

    /// Whether all of them could be added within the limit; if not, none was.
    func subscribe(_ connection: StreamConnection, to streams: [StreamName]) -> Bool {
        state.withLock { state in
            guard var subscriber = state.subscribers[connection.id] else { return true }
            var known = Set(subscriber.streams)
            let added = streams.filter { known.insert($0).inserted }
            guard known.count <= limit else { return false }
            subscriber.streams += added
            state.subscribers[connection.id] = subscriber
            for stream in added { state.listeners[stream, default: [:]][connection.id] = connection }
            return true
        }
    }

    func unsubscribe(_ connection: StreamConnection, from streams: [StreamName]) {
        state.withLock { state in
            let removed = Set(streams)
            state.subscribers[connection.id]?.streams.removeAll { removed.contains($0) }
            for stream in removed { Self.removeListener(connection.id, from: stream, in: &state) }
        }
    }

    func subscriptions(of connection: StreamConnection) -> [StreamName] {
        state.withLock { $0.subscribers[connection.id]?.streams ?? [] }
    }

    /// Every stream that somebody listens to, with those who do.
    func listeners() -> [(stream: StreamName, connections: [StreamConnection])] {
        state.withLock { state in state.listeners.map { ($0.key, Array($0.value.values)) } }
    }

    /// Tells everybody that the server is about to go.
    func announceShutdown(_ event: String) {
        let connections = state.withLock { $0.subscribers.values.map(\.connection) }
        for connection in connections {
            let text = connection.isCombined ? "{\"stream\":\"!serverShutdown\",\"data\":\(event)}" : event
            connection.send([ByteBuffer(string: text)])
        }
    }

    /// Cuts every connection; answers with how many there were. None of them is counted any more, or told anything.
    func closeAll() -> Int {
        let connections = state.withLock { state in
            defer { (state.subscribers, state.listeners) = ([:], [:]) }
            return state.subscribers.values.map(\.connection)
        }
        for connection in connections { connection.drop() }
        return connections.count
    }

    var connectionCount: Int { state.withLock { $0.subscribers.count } }
    var streamCount: Int { state.withLock { $0.listeners.count } }

    private static func removeListener(_ id: UInt64, from stream: StreamName, in state: inout State) {
        state.listeners[stream]?.removeValue(forKey: id)
        if state.listeners[stream]?.isEmpty == true { state.listeners.removeValue(forKey: stream) }
    }
}
