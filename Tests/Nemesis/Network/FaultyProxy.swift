import NIOCore
import NIOPosix
import Synchronization

/// A TCP proxy on 127.0.0.1 whose weather can be changed at any moment.
final class FaultyProxy: Sendable {
    enum Weather: Sendable, Hashable {
        case clear
        /// Connections are reset, and new ones refused.
        case cut
        /// What is sent, by whichever side, waits until the weather is clear; ends of connections too.
        case silent
        /// Only what the server sends waits: requests are carried out, answers do not come.
        case deaf
        /// Every chunk is that late.
        case slow(Duration)
    }

    private struct State {
        var weather = Weather.clear
        var target = 0
        var connections: [ObjectIdentifier: ProxiedConnection] = [:]
        var trap: OrderTrap?
        var caught: ProxiedConnection?
    }

    private let state = Mutex(State())
    private let listener = Mutex<(any Channel)?>(nil)

    /// Listens on a free port. Where it leads is told by ``lead(to:)``.
    static func open() async throws -> FaultyProxy {
        let proxy = FaultyProxy()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { proxy.accept($0) }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        proxy.listener.withLock { $0 = channel }
        return proxy
    }

    var port: Int { listener.withLock { $0?.localAddress?.port } ?? 0 }

    var weather: Weather { state.withLock { $0.weather } }

    func lead(to port: Int) { state.withLock { $0.target = port } }

    func change(to weather: Weather) {
        let connections = state.withLock { state in
            state.weather = weather
            return Array(state.connections.values)
        }
        for connection in connections {
            if weather == .cut { connection.reset(forgettingServer: false) } else { connection.weatherChanged() }
        }
    }

    /// Resets the client's ends; the server's stay, and nobody ever says a word on them.
    func forgetServer() {
        for connection in state.withLock({ Array($0.connections.values) }) { connection.reset(forgettingServer: true) }
    }

    // MARK: A trap for one order

    /// Once. The connection on which it springs is held up from then on, all others go on.
    func set(_ trap: OrderTrap) {
        state.withLock {
            $0.trap = trap
            $0.caught = nil
        }
    }

    /// The client id of the order that is held up.
    var caughtOrder: String? { state.withLock { $0.caught == nil ? nil : $0.trap?.orderID } }

    /// What was held up goes on.
    func releaseCaught() { state.withLock { $0.caught }?.goOn() }

    /// What was held up goes on, into the next trap.
    func releaseCaught(into trap: OrderTrap) {
        let caught = state.withLock { $0.caught }
        set(trap)
        caught?.goOn()
    }

    /// What was held up is lost, with its connection.
    func cutCaught() { state.withLock { $0.caught }?.reset(forgettingServer: false) }

    /// - Returns: What is to be held up on this connection from these bytes on.
    func passes(_ bytes: ByteBuffer, on connection: ProxiedConnection, isFromServer: Bool) -> OrderTrap.Catch? {
        state.withLock { state in
            guard state.caught == nil, state.trap != nil else { return nil }
            guard !isFromServer else {
                state.trap?.answered(on: ObjectIdentifier(connection))
                return nil
            }
            guard state.trap?.sent(bytes.readableBytesView, on: ObjectIdentifier(connection)) == true else {
                return nil
            }
            state.caught = connection
            return state.trap?.hold
        }
    }

    func close() async {
        change(to: .cut)
        let channel = listener.withLock { $0.take() }
        // It is being torn down: an error changes nothing.
        try? await channel?.close()
    }

    func remove(_ connection: ProxiedConnection) {
        state.withLock { $0.connections[ObjectIdentifier(connection)] = nil }
    }

    private func accept(_ client: any Channel) -> EventLoopFuture<Void> {
        let (weather, target) = state.withLock { ($0.weather, $0.target) }
        guard weather != .cut else { return client.eventLoop.makeFailedFuture(NemesisError("refused")) }
        // Not waited for by the initializer: the client's connection stands before the server's, as with any proxy.
        ClientBootstrap(group: client.eventLoop)
            .channelOption(.autoRead, value: false)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: "127.0.0.1", port: target)
            .whenComplete { result in
                switch result {
                case .success(let server): self.connect(client, server)
                case .failure: client.close(promise: nil)
                }
            }
        return client.eventLoop.makeSucceededVoidFuture()
    }

    private func connect(_ client: any Channel, _ server: any Channel) {
        let connection = ProxiedConnection(client: client, server: server, proxy: self)
        let weather = state.withLock { state in
            state.connections[ObjectIdentifier(connection)] = connection
            return state.weather
        }
        connection.begin()
        if weather == .cut { connection.reset(forgettingServer: false) }
    }
}
