import NIOCore
import NIOWebSocket

/// One WebSocket connection: frames, a heartbeat, and a conversation.
final class StreamConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let conversation: any SocketConversation
    private let pingInterval: TimeAmount
    private var pings: RepeatedTask?
    private var heartbeat: Heartbeat
    private let began = ContinuousClock.now
    /// Runs out when the oldest unanswered ping has waited too long.
    private var pongDeadline: Scheduled<Void>?
    private var pingPayload = 0
    private var incoming = MessageRate()
    private var isClosing = false

    init(conversation: any SocketConversation, configuration: SimulatorConfiguration) {
        self.conversation = conversation
        pingInterval = TimeAmount(configuration.pingInterval)
        heartbeat = Heartbeat(timeout: configuration.pongTimeout)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if let reason = conversation.open(context.channel) {
            close(context: context, code: .policyViolation, reason: reason)
            return
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        pings = context.eventLoop.scheduleRepeatedTask(initialDelay: pingInterval, delay: pingInterval) { _ in
            let (handler, context) = bound.value
            handler.ping(context: context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { stop() }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Frames that are no frames: the protocol handler before this one has said so already.
        context.close(promise: nil)
    }

    private func stop() {
        pings?.cancel()
        pongDeadline?.cancel()
        conversation.close()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        guard !isClosing else { return }
        // No extension was agreed on that would give these bits a meaning.
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else {
            close(context: context, code: .protocolError, reason: "reserved bits")
            return
        }
        switch frame.opcode {
        case .connectionClose:
            var reason = frame.unmaskedData
            let code = reason.readWebSocketErrorCode() ?? .normalClosure
            close(context: context, code: code, reason: "")
        case .pong: heartbeat.pong()
        case .ping:
            guard withinRate(context: context) else { return }
            let pong = WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)
            context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
        case .text, .binary:
            guard withinRate(context: context) else { return }
            conversation.receive(String(buffer: frame.unmaskedData))
        default: close(context: context, code: .protocolError, reason: "unexpected frame")
        }
    }

    private var now: Duration { ContinuousClock.now - began }

    private func withinRate(context: ChannelHandlerContext) -> Bool {
        if incoming.count(at: .now()) <= conversation.messagesPerSecond { return true }
        close(context: context, code: .policyViolation, reason: "Too many requests")
        return false
    }

    private func ping(context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        pingPayload += 1
        let frame = WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer(string: "\(pingPayload)"))
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
        guard heartbeat.ping(at: now) else { return }
        let channel = context.channel
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        pongDeadline?.cancel()
        pongDeadline = context.eventLoop.scheduleTask(in: TimeAmount(heartbeat.timeout)) {
            if bound.value.heartbeat.isDead(at: bound.value.now) { channel.close(promise: nil) }
        }
    }

    private func close(context: ChannelHandlerContext, code: WebSocketErrorCode, reason: String) {
        isClosing = true
        conversation.close()
        var data = context.channel.allocator.buffer(capacity: 2 + reason.utf8.count)
        data.write(webSocketErrorCode: code)
        data.writeString(reason)
        let frame = WebSocketFrame(fin: true, opcode: .connectionClose, data: data)
        let channel = context.channel
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(frame), promise: written)
    }
}
