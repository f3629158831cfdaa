import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Synchronization
import Trading

/// The least of a WebSocket client: it shows every frame that comes, and answers nothing by itself.
struct WebSocketClient: Sendable {
    enum Event: Sendable, Hashable {
        case text(String)
        case ping(String)
        case pong(String)
        case close(Int?)
        /// The connection has gone.
        case disconnected
    }

    struct Refused: Error {
        let status: Int?
    }

    let channel: any Channel
    /// Everything that comes; ends when the connection does.
    let events: Inbox

    /// - Parameter receiveBuffer: how many bytes the kernel may hold for a client that does not read.
    static func connect(port: Int, target: String, receiveBuffer: Int? = nil) async throws -> WebSocketClient {
        let inbox = Inbox()
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receiveBuffer))
        }
        let upgraded: EventLoopFuture<Bool> =
            try await bootstrap
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let upgrader = NIOTypedWebSocketClientUpgrader<Bool>(
                        maxFrameSize: 1 << 24,
                        upgradePipelineHandler: { channel, _ in
                            channel.eventLoop.makeCompletedFuture {
                                try channel.pipeline.syncOperations.addHandler(Handler(inbox: inbox))
                                return true
                            }
                        }
                    )
                    var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target)
                    head.headers.add(name: "Host", value: "127.0.0.1")
                    head.headers.add(name: "Content-Length", value: "0")
                    let configuration = NIOTypedHTTPClientUpgradeConfiguration(
                        upgradeRequestHead: head,
                        upgraders: [upgrader],
                        notUpgradingCompletionHandler: { $0.eventLoop.makeSucceededFuture(false) }
                    )
                    var pipeline = NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: configuration)
                    // Frames may come together with the answer to the upgrade.
                    pipeline.leftOverBytesStrategy = .forwardBytes
                    return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
                        configuration: pipeline
                    )
                }
            }
        guard try await upgraded.get(), let channel = inbox.channel else { throw Refused(status: nil) }
        return WebSocketClient(channel: channel, events: inbox)
    }

    func send(_ text: String) async throws { try await send(.text, ByteBuffer(string: text)) }

    func send(_ opcode: WebSocketOpcode, _ data: ByteBuffer, fin: Bool = true, masked: Bool = true) async throws {
        let frame = WebSocketFrame(fin: fin, opcode: opcode, maskKey: masked ? .random() : nil, data: data)
        try await channel.writeAndFlush(frame)
    }

    /// Texts in one go.
    func sendTogether(_ texts: [String]) async throws {
        for text in texts {
            let frame = WebSocketFrame(fin: true, opcode: .text, maskKey: .random(), data: ByteBuffer(string: text))
            channel.write(frame, promise: nil)
        }
        let flushed = channel.eventLoop.submit { [channel] in channel.flush() }
        try await flushed.get()
    }

    /// Bytes past the frame encoder, as a broken client might send them.
    func sendRaw(_ bytes: [UInt8]) async throws {
        let channel = channel
        try await channel.eventLoop.submit {
            let context = try channel.pipeline.syncOperations.context(handlerType: WebSocketFrameEncoder.self)
            context.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: nil)
        }.get()
    }

    /// The next event.
    func next() async -> Event { await events.next() }

    /// The next text, as JSON; pings are passed over.
    func nextJSON() async throws -> JSONValue {
        while true {
            switch await next() {
            case .text(let text): return try JSONValue(text: text)
            case .ping, .pong: continue
            case .close, .disconnected: throw Refused(status: nil)
            }
        }
    }

    /// Reads until the connection has gone.
    func waitUntilDisconnected() async {
        while await next() != .disconnected {}
    }

    func close() async throws { try await channel.close() }

    /// Holds events until they are asked for.
    final class Inbox: Sendable {
        private struct State {
            var events: [Event] = []
            var waiting: CheckedContinuation<Event, Never>?
            var channel: (any Channel)?
        }

        private let state = Mutex(State())

        var channel: (any Channel)? {
            get { state.withLock { $0.channel } }
            set { state.withLock { $0.channel = newValue } }
        }

        func add(_ event: Event) {
            let waiting = state.withLock { state in
                let waiting = state.waiting
                // What is over stays over, for whoever asks next.
                if waiting == nil || event == .disconnected { state.events.append(event) }
                state.waiting = nil
                return waiting
            }
            waiting?.resume(returning: event)
        }

        /// A test that is out of time is told that the connection has gone.
        func next() async -> Event {
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let event = state.withLock { state in
                        if state.events.first == .disconnected { return Event?.some(.disconnected) }
                        if !state.events.isEmpty { return state.events.removeFirst() }
                        if Task.isCancelled { return .disconnected }
                        state.waiting = continuation
                        return nil
                    }
                    if let event { continuation.resume(returning: event) }
                }
            } onCancel: {
                add(.disconnected)
            }
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = WebSocketFrame

        private let inbox: Inbox

        init(inbox: Inbox) {
            self.inbox = inbox
        }

        func handlerAdded(context: ChannelHandlerContext) {
            inbox.channel = context.channel
            context.channel.closeFuture.whenComplete { [inbox] _ in inbox.add(.disconnected) }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let frame = unwrapInboundIn(data)
            var payload = frame.unmaskedData
            switch frame.opcode {
            case .text: inbox.add(.text(String(buffer: payload)))
            case .ping: inbox.add(.ping(String(buffer: payload)))
            case .pong: inbox.add(.pong(String(buffer: payload)))
            case .connectionClose: inbox.add(.close(payload.readInteger(as: UInt16.self).map(Int.init)))
            default: break
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
