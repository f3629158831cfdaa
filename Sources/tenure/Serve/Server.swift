import Coordination
import Exchanges
import FoundationEssentials
import HTTPAPI
import Hosting
import Hummingbird
import Logging
import Metrics
import Migrations
import Observability
import Postgres
import ServiceLifecycle
import Store
import Strategies
import UnixSignals
import Webhooks

/// One replica, put together.
struct Server {
    let settings: Settings
    let migrates: Bool

    func run() async throws {
        let logger = Logger(label: "tenure")
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        ProcessMetrics.add(to: registry)

        let identity = ReplicaIdentity(
            name: settings.replicaName,
            instance: String(UInt64.random(in: .min ... .max), radix: 16),
            host: ProcessInfo.processInfo.hostName,
            pid: Int(ProcessInfo.processInfo.processIdentifier),
            version: Tenure.version,
            capacity: settings.capacity
        )
        let pooled = PostgresConfiguration(
            connectionString: settings.databaseURL,
            applicationName: identity.applicationName
        )
        let direct = PostgresConfiguration(
            connectionString: settings.sessionDatabaseURL,
            applicationName: identity.applicationName
        )
        let pool = PostgresPool(configuration: pooled, size: 2, acquireTimeout: .seconds(1), logger: logger)
        // Behind nothing else: a failover waits for the one, which listens otherwise, every order for the other. Both are planned
        // beforehand: the one anew every now and then, and by way of the indexes, as it knows of no number of shards.
        var indexed = direct
        indexed.settings["plan_cache_mode"] = "force_generic_plan"
        for way in ["enable_seqscan", "enable_hashjoin", "enable_mergejoin"] { indexed.settings[way] = "off" }
        let listener = PostgresListener(configuration: indexed, channels: ["tenure"], logger: logger)
        var planned = pooled
        planned.settings["plan_cache_mode"] = "force_generic_plan"
        let committing = PostgresPool(configuration: planned, size: 1, acquireTimeout: .seconds(1), logger: logger)
        let changes = ChangeSignal()
        let queries = StrategyQueries(database: pool)
        let events = EventFeed(queries: queries, logger: logger)

        let modes = StrategyRegistry.builtIn
        let knowledge = ReplicaKnowledge()
        let binance = BinanceExchange(
            configuration: settings.binance,
            replicas: { knowledge.replicas },
            logger: logger
        )
        let exchanges: [any Exchange] = [binance]
        let exchangesByName = Dictionary(uniqueKeysWithValues: exchanges.map { ($0.name, $0) })

        let venue = binance.trading.map { trading in
            LiveVenue(
                trading: trading,
                receiveWindow: settings.receiveWindow,
                settlingMargin: settings.settlingMargin,
                isTrusted: { knowledge.isTrusted },
                logger: logger
            )
        }

        let halts = HaltRepository(database: pool)
        let halt = HaltSwitch()
        let watcher = HaltWatcher(
            repository: halts,
            halt: halt,
            listener: listener,
            instance: identity.instance,
            // The net under the notification: an idle replica stays below five statements a second with it.
            interval: settings.heartbeatInterval * 2,
            logger: logger
        )
        let pauses = PauseWatcher(
            exchange: binance,
            address: settings.address,
            repository: PauseRepository(pool),
            listener: listener,
            logger: logger
        )
        for scope in ExchangePause.Scope.allCases {
            let left = Gauge(label: "tenure_exchange_pause_seconds", dimensions: [("scope", scope.rawValue)])
            registry.onRender { left.record(binance.pauseLeft(scope) / .seconds(1)) }
        }
        let repository = JournalRepository(pool)
        let journal = StepJournal(repository: JournalRepository(committing), logger: logger)
        let services = HostingServices(
            registry: modes,
            exchanges: exchanges,
            venues: venue.map { [binance.name: $0] } ?? [:],
            repository: repository,
            restoring: JournalRepository(listener),
            journal: journal,
            halt: halt,
            paper: .standard,
            trials: settings.trials,
            logger: logger
        )
        let host = StrategyHost(services: services, shards: ShardRepository(listener))
        let standby = StandbyListener(
            exchanges: exchangesByName,
            repository: repository,
            limit: settings.standbyMarkets
        )
        let access = AccessControl(settings.accessTokens)
        let departure = Departure(limit: settings.drainTimeout, linger: settings.drainLinger, logger: logger)
        let replica = ReplicaService(
            identity: identity,
            lease: LeaseConfiguration(ttl: settings.leaseTTL, heartbeatInterval: settings.heartbeatInterval),
            database: direct,
            listener: listener,
            host: host,
            onDrain: { departure.begin() },
            logger: logger
        )
        knowledge.follow(replica)
        let lease = Gauge(label: "tenure_replica_lease_remaining_seconds")
        registry.onRender { lease.record(replica.leaseRemaining.map { Double($0.milliseconds) / 1_000 } ?? 0) }

        let delay = Gauge(label: "tenure_commit_delay_seconds")
        registry.onRender { delay.record(Double(journal.delay.milliseconds) / 1_000) }

        let listening = ListeningSocket()
        // Where it listens is said once, by this program.
        var apiLogger = logger
        if settings.log.level == .info { apiLogger.logLevel = .notice }
        let api = APIApplication.make(
            configuration: APIConfiguration(
                host: settings.host,
                port: settings.port,
                defaultExchange: settings.defaultExchange,
                defaultLimits: settings.defaultLimits,
                rateLimit: settings.rateLimit,
                trustedProxies: settings.trustedProxies,
                connectionLimit: OpenFiles.connections(atMost: settings.connectionLimit, logger: logger),
                certificate: settings.certificate
            ),
            dependencies: APIDependencies(
                desired: DesiredStateRepository(database: pool),
                halts: halts,
                limits: LimitRepository(database: pool),
                queries: queries,
                repetitions: IdempotencyRepository(database: pool),
                validator: ModeValidator(
                    registry: modes,
                    exchanges: exchangesByName,
                    live: venue == nil ? [] : [binance.name]
                ),
                candles: ExchangeCandles(exchanges: exchangesByName),
                replays: ModeReplays(registry: modes, exchanges: exchangesByName),
                access: access,
                readiness: ReplicaReadiness(replica: replica, halt: halt),
                changes: changes,
                events: events,
                metrics: { registry.render() }
            ),
            logger: apiLogger,
            listening: listening,
            onRunning: { [scheme = settings.certificate == nil ? "http" : "https"] port in
                logger.info("Listening on \(scheme)://\(settings.host):\(port)")
            }
        )
        let membership = MembershipService(
            replica: replica,
            database: direct,
            migrates: migrates,
            logger: logger
        )

        // Shut down from the end: the replica hands everything over while all else still works, and requests are taken
        // until the load balancer sends none any more.
        var members: [ServiceGroupConfiguration.ServiceConfiguration] = [
            .init(service: EndlessService { try await pool.run() }),
            .init(service: EndlessService { try await committing.run() }),
            .init(service: EndlessService { try await listener.run() }),
            .init(service: EndlessService { await forward(listener, to: changes, events) }),
            .init(service: EndlessService { await events.run() }),
            .init(service: EndlessService { await watcher.run() }),
            .init(service: EndlessService { await pauses.run() }),
            .init(service: EndlessService { try await binance.run() }),
            .init(service: EndlessService { await binance.keepMarkets() }),
        ]
        if settings.standbyMarkets > 0 { members.append(.init(service: EndlessService { await standby.run() })) }
        if let venue { members.append(.init(service: EndlessService { try await venue.run() })) }
        if let webhook = settings.webhook {
            let webhooks = WebhookService(
                configuration: webhook,
                database: pool,
                instance: identity.instance,
                logger: logger
            )
            members.append(.init(service: EndlessService { await webhooks.run() }))
        }
        members += [
            .init(service: journal),
            .init(service: host),
            .init(service: accessFile(access, logger)),
            .init(service: certificateFiles(logger)),
            .init(service: api),
            .init(service: LingeringService(departure: departure, listening: listening)),
            .init(service: membership, successTerminationBehavior: .gracefullyShutdownGroup),
        ]
        var configuration = ServiceGroupConfiguration(
            services: members,
            logger: Logger(label: "tenure.lifecycle") { _ in SwiftLogNoOpLogHandler() }
        )
        configuration.maximumCancellationDuration = .seconds(3)
        let group = ServiceGroup(configuration: configuration)
        do {
            try await run(group, until: departure)
        } catch let error as CoordinationError {
            throw fail(error.message, code: 78)
        } catch let error as MigrationError {
            throw fail(error.message, code: 78)
        } catch let error as SchemaOutdated {
            throw fail(error.description, code: 78)
        }
    }

    private func accessFile(_ access: AccessControl, _ logger: Logger) -> WatchedFilesService {
        WatchedFilesService(paths: settings.accessTokensFile.map { [$0] } ?? [], what: "access tokens", logger: logger)
        {
            let tokens = try AccessTokens($0[0])
            access.replace(tokens)
        }
    }

    private func certificateFiles(_ logger: Logger) -> WatchedFilesService {
        let paths = settings.certificateFiles.map { [$0.chain, $0.key] } ?? []
        return WatchedFilesService(paths: paths, what: "certificate", logger: logger) {
            [certificate = settings.certificate] in
            try certificate?.replace(chain: $0[0], key: $0[1])
        }
    }

    /// Runs until the replica has left. The first signal asks it to, the second one ends the process.
    private func run(_ group: ServiceGroup, until departure: Departure) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                var isAsked = false
                for await signal in signals {
                    if isAsked { departure.endNow("Asked to end a second time (\(signal))") }
                    isAsked = true
                    departure.begin()
                    await group.triggerGracefulShutdown()
                }
            }
            try await group.run()
            tasks.cancelAll()
        }
    }
}

/// Wakes the requests that wait for what the channel says.
private func forward(_ listener: PostgresListener, to changes: ChangeSignal, _ events: EventFeed) async {
    for await event in listener.subscribe() {
        switch event {
        case .connected:
            changes.publishAll()
            events.reconnected()
        case .notification(_, let payload, _):
            changes.publish(payload)
            events.announce()
        case .lost: break
        }
    }
}
