import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket

/// Makes WebSocket connections: TCP, TLS, upgrade.
struct StreamConnector: Sendable {
    let endpoint: StreamEndpoint
    let eventLoop: any EventLoop
    let connectTimeout: TimeAmount
    let largestMessage: Int

    /// Connects. `makeHandler` runs on the event loop once the connection speaks WebSocket; its handler gets whole frames.
    func connect(_ makeHandler: @escaping @Sendable () -> any ChannelHandler) -> EventLoopFuture<any Channel> {
        let deadline = NIODeadline.now() + connectTimeout
        let upgraded = eventLoop.makePromise(of: (any Channel).self)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .connect(host: endpoint.host, port: endpoint.port)
            .flatMap { channel -> EventLoopFuture<any Channel> in
                // TCP is there; whatever hangs from here on is closed at the deadline.
                let timeout = channel.eventLoop.scheduleTask(deadline: deadline) { channel.close(promise: nil) }
                let upgrade = channel.eventLoop.makeCompletedFuture { try self.upgrade(channel, makeHandler) }
                    .flatMap { $0 }
                upgrade.whenComplete { result in
                    timeout.cancel()
                    if case .failure = result { channel.close(promise: nil) }
                }
                return upgrade
            }
            .cascade(to: upgraded)
        return upgraded.futureResult
    }

    private func upgrade(
        _ channel: any Channel,
        _ makeHandler: @escaping @Sendable () -> any ChannelHandler
    ) throws -> EventLoopFuture<any Channel> {
        if let tls = endpoint.tls {
            let handler = try NIOSSLClientHandler(context: tls, serverHostname: endpoint.serverName)
            try channel.pipeline.syncOperations.addHandler(handler)
        }
        let largestMessage = largestMessage
        let upgrader = NIOTypedWebSocketClientUpgrader<any Channel>(maxFrameSize: largestMessage) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
                let aggregator = NIOWebSocketFrameAggregator(
                    minNonFinalFragmentSize: 0,
                    maxAccumulatedFrameCount: 1_024,
                    maxAccumulatedFrameSize: largestMessage
                )
                try channel.pipeline.syncOperations.addHandlers([aggregator, makeHandler()])
                return channel
            }
        }
        let head = HTTPRequestHead(
            version: .http1_1,
            method: .GET,
            uri: endpoint.path,
            headers: ["host": endpoint.authority, "user-agent": "tenure"]
        )
        let configuration = NIOTypedHTTPClientUpgradeConfiguration<any Channel>(
            upgradeRequestHead: head,
            upgraders: [upgrader]
        ) { channel in
            channel.eventLoop.makeFailedFuture(
                ExchangeError(.unreachable, "the exchange did not accept a WebSocket connection; check the stream URL")
            )
        }
        return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
            configuration: .init(upgradeConfiguration: configuration)
        )
    }
}
