import Coordination
import Exchanges
import FoundationEssentials
import Hosting
import Logging
import Postgres
import Store
import Strategies

/// One replica without an HTTP API, put together from the same parts as the program, with a strategy that may kill it.
///
///     SuspectReplica NAME DATABASE-URL EXCHANGE-PORT TRIAL-MILLISECONDS
@main
struct SuspectReplica {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let trial = Int(arguments[4]) else { fatalError("usage: see the source") }
        var logger = Logger(label: "replica") { StreamLogHandler.standardOutput(label: $0) }
        logger.logLevel = .info
        let identity = ReplicaIdentity(
            name: arguments[1],
            instance: String(UInt64.random(in: .min ... .max), radix: 16),
            host: "localhost",
            pid: Int(ProcessInfo.processInfo.processIdentifier),
            version: "test",
            capacity: 100
        )
        let database = PostgresConfiguration(
            connectionString: arguments[2],
            applicationName: identity.applicationName
        )
        let pool = PostgresPool(configuration: database, size: 4, acquireTimeout: .seconds(1), logger: logger)
        let listener = PostgresListener(configuration: database, channels: ["tenure"], logger: logger)
        let exchange = BinanceExchange(
            configuration: BinanceConfiguration(
                restURL: "http://127.0.0.1:\(arguments[3])",
                streamURL: "ws://127.0.0.1:\(arguments[3])"
            ),
            logger: logger
        )
        var registry = StrategyRegistry()
        registry.register(Suspect.self)
        let repository = JournalRepository(pool)
        let journal = StepJournal(repository: repository, logger: logger)
        let services = HostingServices(
            registry: registry,
            exchanges: [exchange],
            repository: repository,
            journal: journal,
            paper: .standard,
            trials: TrialPolicy(after: 3, duration: .milliseconds(trial)),
            logger: logger
        )
        let host = StrategyHost(services: services, shards: ShardRepository(pool))
        let replica = ReplicaService(
            identity: identity,
            // On a slow machine nobody is to be taken for dead who is not. Whoever dies unseen is waited for that long.
            lease: LeaseConfiguration(ttl: .seconds(8), heartbeatInterval: .milliseconds(500)),
            database: database,
            listener: listener,
            host: host,
            logger: logger
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await pool.run() }
            group.addTask { try await listener.run() }
            group.addTask { try await exchange.run() }
            group.addTask { try await journal.run() }
            group.addTask { try await host.run() }
            group.addTask { try await replica.run() }
            try await group.next()
            group.cancelAll()
        }
    }
}
