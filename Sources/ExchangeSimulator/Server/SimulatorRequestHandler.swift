import NIOCore
import NIOHTTP1

/// Collects a request, has it answered, and writes the answer.
final class SimulatorRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let largestBody = 1_024 * 1_024

    private let exchange: SimulatedExchange
    private let upgrade: SocketUpgrade
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var isTooLarge = false

    init(exchange: SimulatedExchange, upgrade: SocketUpgrade) {
        self.exchange = exchange
        self.upgrade = upgrade
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
            isTooLarge = false
        case .body(var part):
            if body.readableBytes + part.readableBytes > Self.largestBody {
                isTooLarge = true
            } else {
                body.writeBuffer(&part)
            }
        case .end:
            guard let head else { return }
            self.head = nil
            if let target = SocketUpgrade.target(of: head) {
                return upgrade.perform(head, to: target, context: context, handler: self) {
                    self.answer(head, context: context)
                }
            }
            answer(head, context: context)
        }
    }

    private func answer(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        let (path, query) = SimulatorRequest.split(head.uri)
        let request = SimulatorRequest(
            method: head.method,
            path: path,
            query: query,
            headers: head.headers,
            body: body,
            address: context.remoteAddress?.ipAddress ?? "unknown"
        )
        guard !isTooLarge else {
            let refusal = APIError(.payloadTooLarge, code: -1000, "The body is larger than 1 MiB.")
            write(SimulatorResponse(refusal), to: head, context: context)
            return
        }
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((self, context), eventLoop: eventLoop)
        exchange.respond(to: request, on: eventLoop) { response in
            eventLoop.scheduleTask(in: TimeAmount(response.delay ?? .zero)) {
                let (handler, context) = bound.value
                guard context.channel.isActive else { return }
                handler.write(response, to: head, context: context)
            }
        }
    }

    private func write(_ response: SimulatorResponse, to request: HTTPRequestHead, context: ChannelHandlerContext) {
        guard !response.isCut else {
            context.close(promise: nil)
            return
        }
        let body = context.channel.allocator.buffer(string: response.body)
        var headers = response.headers
        headers.add(name: "Content-Type", value: "application/json;charset=UTF-8")
        headers.add(name: "Content-Length", value: "\(body.readableBytes)")
        if !request.isKeepAlive { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: response.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        let written = context.eventLoop.makePromise(of: Void.self)
        if !request.isKeepAlive {
            let channel = context.channel
            written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A broken client is no concern of the others.
        context.close(promise: nil)
    }
}
