import Glibc
import NIOCore

/// One connection through a ``FaultyProxy``: two channels on one event loop, and what waits between them.
final class ProxiedConnection: Sendable {
    private let client: any Channel
    private let server: any Channel
    private let proxy: FaultyProxy
    private let toServer: NIOLoopBoundBox<WaitingBytes>
    private let toClient: NIOLoopBoundBox<WaitingBytes>

    /// To be called on the client's event loop, which is the server's too.
    init(client: any Channel, server: any Channel, proxy: FaultyProxy) {
        self.client = client
        self.server = server
        self.proxy = proxy
        toServer = NIOLoopBoundBox(WaitingBytes(), eventLoop: client.eventLoop)
        toClient = NIOLoopBoundBox(WaitingBytes(), eventLoop: client.eventLoop)
    }

    func begin() {
        do {
            try client.pipeline.syncOperations.addHandler(ProxyReader { self.received($0, isFromServer: false) })
            try server.pipeline.syncOperations.addHandler(ProxyReader { self.received($0, isFromServer: true) })
            try client.syncOptions?.setOption(.autoRead, value: true)
            try server.syncOptions?.setOption(.autoRead, value: true)
        } catch {
            // Closed already by the other side.
            end()
        }
    }

    func weatherChanged() {
        client.eventLoop.execute {
            self.forward(isFromServer: false)
            self.forward(isFromServer: true)
        }
    }

    /// Resets the client's end, and the server's too, unless it is to stay.
    func reset(forgettingServer: Bool) {
        client.eventLoop.execute {
            self.proxy.remove(self)
            self.toServer.value.isForgotten = true
            self.toClient.value.isForgotten = true
            Self.reset(self.client)
            let server = self.server
            if forgettingServer {
                // In the end keepalives would find out.
                server.eventLoop.scheduleTask(in: .seconds(10)) { Self.reset(server) }
            } else {
                Self.reset(server)
            }
        }
    }

    /// Ends what a trap holds up here.
    func goOn() {
        client.eventLoop.execute {
            self.toServer.value.isCaught = false
            self.toClient.value.isCaught = false
            self.forward(isFromServer: false)
            self.forward(isFromServer: true)
        }
    }

    private func end() {
        proxy.remove(self)
        client.close(promise: nil)
        server.close(promise: nil)
    }

    /// - Parameter bytes: Nil: the sender has closed.
    private func received(_ bytes: ByteBuffer?, isFromServer: Bool) {
        let box = isFromServer ? toClient : toServer
        guard !box.value.isForgotten else { return }
        switch bytes.flatMap({ proxy.passes($0, on: self, isFromServer: isFromServer) }) {
        case .statement: toServer.value.isCaught = true
        case .answer: toClient.value.isCaught = true
        case nil: break
        }
        var due = NIODeadline.now()
        if case .slow(let delay) = proxy.weather { due = due + TimeAmount(delay) }
        box.value.append(bytes, due: due)
        forward(isFromServer: isFromServer)
    }

    private func forward(isFromServer: Bool) {
        let box = isFromServer ? toClient : toServer
        switch proxy.weather {
        case .silent: return
        case .deaf where isFromServer: return
        default: break
        }
        let receiver = isFromServer ? client : server
        guard !box.value.isForgotten, !box.value.isCaught else { return }
        while let item = box.value.next(at: .now()) {
            if let bytes = item.bytes {
                receiver.writeAndFlush(bytes, promise: nil)
            } else {
                proxy.remove(self)
                receiver.close(promise: nil)
            }
        }
        guard let due = box.value.earliest else { return }
        client.eventLoop.scheduleTask(deadline: due) { self.forward(isFromServer: isFromServer) }
    }

    /// RST, not FIN.
    private static func reset(_ channel: any Channel) {
        (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in
            channel.close(promise: nil)
        }
    }
}

/// What has been received and not been sent on, in order.
private struct WaitingBytes {
    struct Item {
        /// Nil: the end.
        let bytes: ByteBuffer?
        let due: NIODeadline
    }

    private var items = CircularBuffer<Item>()
    var isForgotten = false
    /// A trap holds it up.
    var isCaught = false

    mutating func append(_ bytes: ByteBuffer?, due: NIODeadline) { items.append(Item(bytes: bytes, due: due)) }

    var earliest: NIODeadline? { items.first?.due }

    mutating func next(at now: NIODeadline) -> Item? {
        guard let first = items.first, first.due <= now else { return nil }
        return items.removeFirst()
    }
}

/// Hands on what a channel receives, and nil when it ends.
private final class ProxyReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let receive: (ByteBuffer?) -> Void

    init(_ receive: @escaping (ByteBuffer?) -> Void) { self.receive = receive }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { receive(unwrapInboundIn(data)) }

    func channelInactive(context: ChannelHandlerContext) { receive(nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
