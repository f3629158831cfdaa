import NIOCore
import NIOHTTPTypes

/// Tells the table of connections what becomes of one.
final class ConnectionCountingHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let table: ConnectionTable
    /// Requests whose answers are not over.
    private var open = 0

    init(table: ConnectionTable) {
        self.table = table
    }

    func handlerAdded(context: ChannelHandlerContext) {
        table.opened(context.channel)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        table.closed(context.channel)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // One whose body never comes has a deadline of its own.
        if case .head = unwrapInboundIn(data) {
            open += 1
            if open == 1 { table.changed(context.channel, isIdle: false) }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) {
            open -= 1
            if open == 0 { table.changed(context.channel, isIdle: true) }
        }
        context.write(data, promise: promise)
    }
}
