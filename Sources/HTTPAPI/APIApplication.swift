package import Hummingbird
import HummingbirdCore
package import Logging
import NIOCore

/// Builds the HTTP server.
package enum APIApplication {
    /// Bytes, of all headers of a request.
    private static let headerLimit = 32 << 10

    /// The server as a `Service`: add it to the service group, last. A graceful shutdown stops taking connections and lets
    /// the requests in flight finish.
    ///
    /// - Parameters:
    ///   - listening: Told of the socket at which it listens.
    ///   - onRunning: Called with the port as soon as it listens.
    package static func make(
        configuration: APIConfiguration,
        dependencies: APIDependencies,
        logger: Logger,
        listening: ListeningSocket = ListeningSocket(),
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> some ApplicationProtocol {
        var table = RouteTable()
        StrategyRoutes(configuration: configuration, dependencies: dependencies).add(to: &table)
        StrategyTrailRoutes(queries: dependencies.queries).add(to: &table)
        CandleRoutes(queries: dependencies.queries, source: dependencies.candles).add(to: &table)
        OverviewRoutes(configuration: configuration, dependencies: dependencies).add(to: &table)
        HaltRoutes(configuration: configuration, dependencies: dependencies).add(to: &table)
        LimitRoutes(configuration: configuration, limits: dependencies.limits).add(to: &table)
        AuditRoutes(queries: dependencies.queries).add(to: &table)
        ReplicaRoutes(desired: dependencies.desired, queries: dependencies.queries).add(to: &table)
        EventStreamRoutes(queries: dependencies.queries, feed: dependencies.events).add(to: &table)
        SessionRoutes(
            access: dependencies.access,
            bodyLimit: configuration.bodyLimit,
            isEncrypted: configuration.certificate != nil
        ).add(to: &table)
        ServiceRoutes(dependencies: dependencies).add(to: &table)
        DashboardRoutes().add(to: &table)
        DescriptionRoutes().add(to: &table)

        let router = Router(context: APIRequestContext.self)
        router.add(middleware: RequestIdentityMiddleware())
        router.add(middleware: RequestMetricsMiddleware(factory: dependencies.metricsFactory))
        router.add(middleware: DepartureMiddleware(readiness: dependencies.readiness))
        router.add(middleware: CompressionMiddleware())
        router.add(middleware: ProblemMiddleware(routes: table, bodyLimit: configuration.bodyLimit))
        router.add(middleware: RequestDeadlineMiddleware(limit: configuration.requestTimeout))
        let limits = RateLimits(perSecond: configuration.rateLimit, proxies: configuration.trustedProxies)
        table.register(on: router, dependencies.access, limits)

        return Application(
            router: router,
            server: HTTPServerBuilder {
                [
                    certificate = configuration.certificate, timeout = configuration.idleTimeout,
                    connections = ConnectionTable(limit: configuration.connectionLimit)
                ] in
                ListenerChannel(
                    base: HTTP1Channel(
                        responder: $0,
                        configuration: HTTP1Channel.Configuration(
                            additionalChannelHandlers: [
                                ConnectionCountingHandler(table: connections), UnreadableRequestHandler(),
                            ],
                            idleTimeout: TimeAmount(timeout),
                            httpDecoderConfiguration: .init(
                                maxHeaderFieldSize: headerLimit,
                                maxHeaderListSize: headerLimit,
                                maxHeaderFieldCount: 100
                            )
                        )
                    ),
                    certificate: certificate
                )
            },
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port)
            ),
            onServerRunning: { channel in
                listening.opened(channel)
                await onRunning(channel.localAddress?.port ?? configuration.port)
            },
            logger: logger
        )
    }
}
