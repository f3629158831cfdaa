package import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle

/// An exchange that speaks Binance spot's REST and WebSocket protocols, all on one port.
///
/// - `/api/v3/…`: `ping`, `time`, `exchangeInfo`, `klines`, `uiKlines`, `depth`, `avgPrice`, `ticker/price`,
///   `ticker/bookTicker`, `ticker/24hr`, as on Binance, with its weights and errors.
/// - `/api/v3/…` for accounts, signed: `order`, `order/test`, `openOrders`, `allOrders`, `myTrades`, `account`,
///   `account/commission`, `rateLimit/order`.
/// - `/ws-api/v3`: the same as requests over a socket, and the user data stream (`userDataStream.subscribe.signature`).
/// - `/ws`, `/ws/<stream>/…`, `/stream?streams=<stream>/…`: `<symbol>@kline_<interval>`, `@trade`, `@miniTicker`, and
///   requests (`SUBSCRIBE` and its like).
/// - `/sim/…`: what Binance does not have, for those who test; see ``ControlRoutes``.
///
/// What clients do wrong ends at worst their own connection.
package final class SimulatorServer: Service {
    private let configuration: SimulatorConfiguration
    private let logger: Logger
    private let exchange: SimulatedExchange
    private let connections = ConnectionRegistry()
    private let announcement = PortAnnouncement()

    /// Reads the recordings, if there are any. Throws what is wrong with them or with the settings.
    package init(configuration: SimulatorConfiguration, logger: Logger) throws(SimulatorError) {
        self.configuration = configuration
        self.logger = logger
        exchange = try SimulatedExchange(configuration: configuration, logger: logger)
    }

    /// The port that is listened on. Waits until it is bound; throws if that failed, or if the server has stopped.
    package var port: Int {
        get async throws { try await announcement.port }
    }

    /// Serves until graceful shutdown or cancellation, then closes every connection.
    package func run() async throws {
        let server: any Channel
        do {
            server = try await bind()
        } catch {
            let failure = SimulatorError.cannotListen(host: configuration.host, port: configuration.port, error)
            announcement.announce(.failure(failure))
            throw failure
        }
        let port = server.localAddress?.port ?? configuration.port
        logger.info(
            "Exchange simulator listening",
            metadata: ["simulator.host": "\(configuration.host)", "simulator.port": "\(port)"]
        )
        announcement.announce(.success(port))
        await cancelWhenGracefulShutdown {
            await withTaskGroup { group in
                group.addTask { try? await self.exchange.publisher.run() }
                group.addTask {
                    // Ends when the group is cancelled, or when the socket was closed under it.
                    await withTaskCancellationHandler {
                        try? await server.closeFuture.get()
                    } onCancel: {
                        server.close(promise: nil)
                    }
                }
                await group.waitForAll()
            }
        }
        announcement.announce(.failure(.stopped))
        await connections.closeAll()
        logger.info("Exchange simulator stopped")
    }

    private func bind() async throws -> any Channel {
        let (exchange, connections) = (exchange, connections)
        return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                guard !exchange.faults.refusesConnections else { return channel.close() }
                connections.add(channel)
                return channel.eventLoop.makeCompletedFuture {
                    try Self.configure(channel, exchange: exchange)
                }
            }
            .bind(host: configuration.host, port: configuration.port)
            .get()
    }

    private static func configure(_ channel: any Channel, exchange: SimulatedExchange) throws {
        let decoder = ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes))
        let (encoder, pipelining) = (HTTPResponseEncoder(), HTTPServerPipelineHandler())
        let errors = HTTPServerProtocolErrorHandler()
        let upgrade = SocketUpgrade(exchange: exchange, writers: [encoder, pipelining, errors], decoder: decoder)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers(encoder, decoder, pipelining, errors)
        try pipeline.addHandler(SimulatorRequestHandler(exchange: exchange, upgrade: upgrade))
        try pipeline.addHandler(ErrorClosingHandler())
    }
}
