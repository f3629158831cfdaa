import NIOCore
import Synchronization

/// The connections of the listener, at most so many: for one more the one is closed that has said nothing for longest. So whoever
/// opens many, and says nothing or never finishes what it says, loses these, and nobody else notices. Only where all are being
/// answered a new one is refused.
final class ConnectionTable: Sendable {
    private struct Connection {
        let channel: any Channel
        /// Counts up; nil while a request is being answered.
        var idleSince: UInt64?
    }

    private struct State {
        var connections: [ObjectIdentifier: Connection] = [:]
        var clock: UInt64 = 0
    }

    /// Nil: as many as there are.
    private let limit: Int?
    private let state = Mutex(State())

    init(limit: Int?) {
        self.limit = limit
    }

    func opened(_ channel: any Channel) {
        let superfluous = state.withLock { state -> (any Channel)? in
            state.clock += 1
            state.connections[ObjectIdentifier(channel)] = Connection(channel: channel, idleSince: state.clock)
            guard let limit, state.connections.count > limit else { return nil }
            let longest = state.connections.min { ($0.value.idleSince ?? .max) < ($1.value.idleSince ?? .max) }
            return longest.flatMap { state.connections.removeValue(forKey: $0.key)?.channel }
        }
        superfluous?.close(promise: nil)
    }

    /// - Parameter isIdle: Whether no request is being answered on it.
    func changed(_ channel: any Channel, isIdle: Bool) {
        state.withLock { state in
            state.clock += 1
            state.connections[ObjectIdentifier(channel)]?.idleSince = isIdle ? state.clock : nil
        }
    }

    func closed(_ channel: any Channel) {
        state.withLock { state in
            guard state.connections[ObjectIdentifier(channel)]?.channel === channel else { return }
            state.connections[ObjectIdentifier(channel)] = nil
        }
    }
}
