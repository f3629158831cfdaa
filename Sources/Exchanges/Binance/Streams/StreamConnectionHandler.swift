import FoundationEssentials
import NIOCore
import NIOFoundationCompat
import NIOWebSocket

/// One WebSocket connection that carries streams: frames in, messages out, and a watch over whether it still lives.
///
/// Everything happens on the connection's event loop.
final class StreamConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let silenceBeforePing: TimeAmount
    private let pingTimeout: TimeAmount
    private let onMessage: (StreamMessage) -> Void
    private let onClosed: (_ reason: String) -> Void

    private var context: ChannelHandlerContext?
    private var lastHeard = NIODeadline.distantPast
    private var watch: Scheduled<Void>?
    private var isPinged = false
    private var reason: String?
    private var isClosed = false
    private var answers: [Int: Scheduled<Void>] = [:]

    init(
        configuration: BinanceConfiguration,
        onMessage: @escaping (StreamMessage) -> Void,
        onClosed: @escaping (_ reason: String) -> Void
    ) {
        silenceBeforePing = TimeAmount(configuration.silenceBeforePing)
        pingTimeout = TimeAmount(configuration.pingTimeout)
        self.onMessage = onMessage
        self.onClosed = onClosed
    }

    // MARK: What the pool asks

    /// - Parameter request: the number under which it will be answered.
    func send(_ text: String, request: Int) {
        guard let context else { return }
        write(.text, context.channel.allocator.buffer(string: text), context: context)
        answers[request] = context.eventLoop.assumeIsolated().scheduleTask(in: pingTimeout) {
            self.close(reason: "the exchange did not answer a subscription in time")
        }
    }

    func close(reason: String) {
        if self.reason == nil { self.reason = reason }
        context?.close(promise: nil)
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        lastHeard = context.eventLoop.now
        schedule(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(reason: "the connection failed: \(error)")
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        lastHeard = context.eventLoop.now
        isPinged = false
        switch frame.opcode {
        case .text, .binary: read(frame.unmaskedData)
        case .ping: write(.pong, frame.unmaskedData, context: context)
        case .pong: break
        case .connectionClose:
            reason = reason ?? "the exchange closed the connection"
            write(.connectionClose, frame.unmaskedData, context: context)
            context.close(promise: nil)
        default: break
        }
    }

    private func read(_ data: ByteBuffer) {
        guard reason == nil else { return }
        do {
            let message = try StreamMessage(Data(buffer: data, byteTransferStrategy: .noCopy))
            switch message {
            case .acknowledged(let request): answers.removeValue(forKey: request)?.cancel()
            case .refused(let request?, _): answers.removeValue(forKey: request)?.cancel()
            default: break
            }
            onMessage(message)
        } catch {
            close(reason: error.message)
        }
    }

    private func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer, context: ChannelHandlerContext) {
        var generator = SystemRandomNumberGenerator()
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(using: &generator), data: data)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    private func finish() {
        guard !isClosed else { return }
        isClosed = true
        watch?.cancel()
        for answer in answers.values { answer.cancel() }
        answers = [:]
        onClosed(reason ?? "the connection was cut")
    }

    // MARK: The watch

    private func schedule(_ context: ChannelHandlerContext) {
        let due = lastHeard + (isPinged ? silenceBeforePing + pingTimeout : silenceBeforePing)
        watch = context.eventLoop.assumeIsolated().scheduleTask(deadline: due) { self.check() }
    }

    private func check() {
        guard let context, !isClosed else { return }
        let silence = context.eventLoop.now - lastHeard
        if isPinged, silence >= silenceBeforePing + pingTimeout {
            close(reason: "the exchange has been silent for \(silence.nanoseconds / 1_000_000_000) s")
            return
        }
        if !isPinged, silence >= silenceBeforePing {
            isPinged = true
            write(.ping, context.channel.allocator.buffer(capacity: 0), context: context)
        }
        schedule(context)
    }
}
