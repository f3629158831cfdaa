import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Answers what cannot be read as a request at all with a problem, as everything else, and closes the connection.
final class UnreadableRequestHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Requests whose answers are not over.
    private var open = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = unwrapInboundIn(data) { open += 1 }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { open -= 1 }
        context.write(data, promise: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // In the middle of a request it is for whoever reads that.
        guard open == 0, let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        let problem = error == .headerOverflow ? Problem.headersTooLarge : Problem.unreadable
        let reply = problem.reply(requestID: RequestIdentityMiddleware.make())
        var headers = reply.headers
        headers[.contentLength] = "\(reply.body.count)"
        headers[.cacheControl] = "no-store"
        headers[.connection] = "close"
        let head = HTTPResponse(status: reply.status, headerFields: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(bytes: reply.body))), promise: nil)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
    }
}
