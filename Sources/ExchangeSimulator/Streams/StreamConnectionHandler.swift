import NIOCore
import NIOWebSocket
import Trading

/// One WebSocket connection: requests in, answers and events out, and a heartbeat.
final class StreamConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let exchange: SimulatedExchange
    private let target: StreamTarget
    private var connection: StreamConnection?
    private var pings: RepeatedTask?
    private var heartbeat: Heartbeat
    private let began = ContinuousClock.now
    /// Runs out when the oldest unanswered ping has waited too long.
    private var pongDeadline: Scheduled<Void>?
    private var pingPayload = 0
    private var incoming = MessageRate()
    private var isClosing = false

    init(exchange: SimulatedExchange, target: StreamTarget) {
        self.exchange = exchange
        self.target = target
        heartbeat = Heartbeat(timeout: exchange.configuration.pongTimeout)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let connection = exchange.streams.connect(
            context.channel,
            isCombined: target.isCombined,
            outgoingLimit: exchange.configuration.outgoingBufferLimit
        )
        self.connection = connection
        guard exchange.streams.subscribe(connection, to: target.streams) else {
            close(context: context, code: .policyViolation, reason: "too many streams")
            return
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let interval = TimeAmount(exchange.configuration.pingInterval)
        pings = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
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
        if let connection { exchange.streams.disconnect(connection) }
        connection = nil
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
            answer(String(buffer: frame.unmaskedData))
        default: close(context: context, code: .protocolError, reason: "unexpected frame")
        }
    }

    private var now: Duration { ContinuousClock.now - began }

    private func withinRate(context: ChannelHandlerContext) -> Bool {
        if incoming.count(at: .now()) <= exchange.configuration.incomingMessagesPerSecond { return true }
        close(context: context, code: .policyViolation, reason: "Too many requests")
        return false
    }

    private func answer(_ text: String) {
        guard let connection else { return }
        let answer: String
        do throws(StreamRequest.Refusal) {
            let request = try StreamRequest(text)
            answer = try perform(request, on: connection)
        } catch {
            answer = error.text
        }
        connection.send([ByteBuffer(string: answer)])
    }

    private func perform(
        _ request: StreamRequest,
        on connection: StreamConnection
    ) throws(StreamRequest.Refusal) -> String {
        let result: JSONValue
        switch request.method {
        case .subscribe(let streams):
            guard exchange.streams.subscribe(connection, to: streams) else {
                throw StreamRequest.Refusal(code: 2, message: "Invalid request: too many parameters", id: request.id)
            }
            result = .null
        case .unsubscribe(let streams):
            exchange.streams.unsubscribe(connection, from: streams)
            result = .null
        case .list:
            result = .array(exchange.streams.subscriptions(of: connection).map { .string($0.text) })
        case .setCombined(let isCombined):
            connection.isCombined = isCombined
            result = .null
        case .getCombined:
            result = .bool(connection.isCombined)
        }
        return JSONValue.object(["result": result, "id": request.id]).text
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
        if let connection { exchange.streams.disconnect(connection) }
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
