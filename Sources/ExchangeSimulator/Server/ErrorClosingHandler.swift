import NIOCore

/// Closes a connection on which something went wrong before it was clear what it would become.
final class ErrorClosingHandler: ChannelInboundHandler {
    typealias InboundIn = Any

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
