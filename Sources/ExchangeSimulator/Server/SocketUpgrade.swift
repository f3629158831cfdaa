import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Turns a connection that speaks HTTP into one that speaks WebSocket.
///
/// At any of its requests, and not only at the first: clients use a connection that they have kept.
final class SocketUpgrade {
    private static let largestFrame = 64 * 1_024

    private let exchange: SimulatedExchange
    /// The handlers that write HTTP.
    private let writers: [any RemovableChannelHandler]
    private let decoder: any RemovableChannelHandler

    init(
        exchange: SimulatedExchange,
        writers: [any RemovableChannelHandler],
        decoder: any RemovableChannelHandler
    ) {
        self.exchange = exchange
        self.writers = writers
        self.decoder = decoder
    }

    /// What is asked for, if it is a socket that there is.
    static func target(of head: HTTPRequestHead) -> SocketTarget? {
        guard head.method == .GET,
            head.headers[canonicalForm: "upgrade"].contains(where: { $0.lowercased() == "websocket" })
        else { return nil }
        let (path, query) = SimulatorRequest.split(head.uri)
        return SocketTarget(path: path, query: query)
    }

    /// - Parameters:
    ///   - handler: the one that read the request. It is removed.
    ///   - refuse: called instead if the request is not as WebSocket wants it.
    func perform(
        _ head: HTTPRequestHead,
        to target: SocketTarget,
        context: ChannelHandlerContext,
        handler: any RemovableChannelHandler,
        refuse: @escaping () -> Void
    ) {
        let exchange = exchange
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: Self.largestFrame,
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture { try Self.add(target, exchange, to: channel) }
            }
        )
        let bound = NIOLoopBound((self, context, handler, refuse), eventLoop: context.eventLoop)
        upgrader.buildUpgradeResponse(channel: context.channel, upgradeRequest: head, initialResponseHeaders: [:])
            .whenComplete { result in
                let (upgrade, context, handler, refuse) = bound.value
                switch result {
                case .success(let headers): upgrade.switchOver(headers, head, upgrader, context, handler)
                case .failure: refuse()
                }
            }
    }

    private func switchOver(
        _ headers: HTTPHeaders,
        _ head: HTTPRequestHead,
        _ upgrader: NIOWebSocketServerUpgrader,
        _ context: ChannelHandlerContext,
        _ handler: any RemovableChannelHandler
    ) {
        let response = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
        context.write(NIOAny(HTTPServerResponsePart.head(response)), promise: nil)
        context.write(NIOAny(HTTPServerResponsePart.end(nil)), promise: nil)
        let bound = NIOLoopBound((self, context, handler), eventLoop: context.eventLoop)
        // Nothing that writes HTTP may be left when the first frame is written.
        let removals = writers.map { context.pipeline.syncOperations.removeHandler($0) }
        EventLoopFuture.andAllSucceed(removals, on: context.eventLoop)
            .flatMap {
                let (_, context, _) = bound.value
                return upgrader.upgrade(context: context, upgradeRequest: head)
            }
            .flatMap {
                let (_, context, handler) = bound.value
                // Only now: who has the answer is subscribed, and misses nothing from then on.
                context.flush()
                return context.pipeline.syncOperations.removeHandler(handler)
            }
            .flatMap {
                // Last of all: it hands on what it has read too much.
                let (upgrade, context, _) = bound.value
                return context.pipeline.syncOperations.removeHandler(upgrade.decoder)
            }
            .whenFailure { _ in
                let (_, context, _) = bound.value
                context.close(promise: nil)
            }
    }

    private static func add(_ target: SocketTarget, _ exchange: SimulatedExchange, to channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(
            NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 1,
                maxAccumulatedFrameCount: 64,
                maxAccumulatedFrameSize: largestFrame
            )
        )
        let conversation: any SocketConversation =
            switch target {
            case .streams(let streams): MarketConversation(exchange: exchange, target: streams)
            case .requests(let returnsLimits): RequestConversation(exchange: exchange, returnsLimits: returnsLimits)
            }
        try pipeline.addHandler(
            StreamConnectionHandler(conversation: conversation, configuration: exchange.configuration)
        )
    }
}
