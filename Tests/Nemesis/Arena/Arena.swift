import LocalCluster
import TestSupport

/// The cluster under test: real processes, each replica reaching PostgreSQL and the exchange through proxies of its own.
struct Arena: Sendable {
    let cluster: LocalCluster
    /// By replica.
    let databaseProxies: [FaultyProxy]
    let exchangeProxies: [FaultyProxy]
    let log: ActionLog

    /// Opens the proxies and takes the ports; starts nothing yet.
    static func make(_ settings: NemesisSettings, directory: String, log: ActionLog) async throws -> Arena {
        var databaseProxies: [FaultyProxy] = []
        var exchangeProxies: [FaultyProxy] = []
        for _ in 0..<settings.replicas {
            databaseProxies.append(try await FaultyProxy.open())
            exchangeProxies.append(try await FaultyProxy.open())
        }
        let offsets = settings.clockOffsets
        var environment: [String: [String: String]] = [:]
        for index in 0..<settings.replicas {
            let name = "replica-\(index + 1)"
            var own = [
                "TENURE_DATABASE_URL": "postgresql://tenure@127.0.0.1:\(databaseProxies[index].port)/tenure",
                "TENURE_BINANCE_REST_URL": "http://127.0.0.1:\(exchangeProxies[index].port)",
                "TENURE_BINANCE_STREAM_URL": "ws://127.0.0.1:\(exchangeProxies[index].port)",
                "TENURE_BINANCE_ACCOUNT_STREAM_URL": "ws://127.0.0.1:\(exchangeProxies[index].port)/ws-api/v3",
            ]
            if let offset = offsets[index] {
                own["LD_PRELOAD"] = try builtExecutable("libSkewedClock.so")
                own["SKEW_SECONDS"] = "\(offset)"
                log.note("the clock of \(name) is off by \(offset) s")
            }
            environment[name] = own
        }
        let cluster = try LocalCluster(
            LocalClusterConfiguration(
                executable: try builtExecutable(),
                replicas: settings.replicas,
                port: 0,
                dataDirectory: directory,
                // So little at the best price that an order has several fills.
                simulatorArguments: [
                    "--seed", "\(settings.seed)", "--weight-limit", "1000000", "--liquidity", "8",
                ],
                environment: [
                    "TENURE_LEASE_TTL": "\(settings.ttl.milliseconds)ms",
                    "TENURE_HEARTBEAT_INTERVAL": "\(settings.ttl.milliseconds / 6)ms",
                    // Whatever dies here was killed: no strategy is to be suspected of it, unless one does kill.
                    "TENURE_SUSPECT_AFTER": settings.hasPoison ? "3" : "0",
                    "SWIFT_BACKTRACE": "enable=no",
                ],
                replicaEnvironment: environment,
                restartsReplicas: false,
                // Commits survive the death of every process; that of the machine is not tried.
                isDurable: true,
                postgresSettings: ["fsync": "off", "full_page_writes": "off", "track_commit_timestamp": "on"],
                terminal: .silent
            )
        )
        return Arena(
            cluster: cluster,
            databaseProxies: databaseProxies,
            exchangeProxies: exchangeProxies,
            log: log
        )
    }

    func start() async throws {
        // PostgreSQL has its port before it starts, and so has the simulator.
        for proxy in databaseProxies { proxy.lead(to: cluster.postgres.port) }
        for proxy in exchangeProxies { proxy.lead(to: cluster.simulatorPort) }
        try await cluster.start()
    }

    /// Ends every disturbance, and starts what is down.
    func heal() async throws {
        for proxy in databaseProxies + exchangeProxies { proxy.change(to: .clear) }
        if cluster.postgres.process == nil { try await cluster.postgres.start() }
        for replica in cluster.replicas {
            replica.signal(.resume)
            try startAgain(replica)
        }
    }

    /// Starts a replica that is down. One that went down by itself is a violation.
    func startAgain(_ replica: Replica, after expected: Bool = false) throws {
        guard replica.pid == nil else { return }
        if !expected {
            let status = replica.process.process?.exitStatus.map { "\($0)" } ?? "never started"
            log.violation("\(replica.name) ended by itself: \(status)")
        }
        try replica.start()
        log.note("\(replica.name) started, pid \(replica.pid ?? 0)")
    }

    func sql(_ statement: String) async throws -> String {
        try await cluster.postgres.query(statement, database: "tenure")
    }

    func stop() async {
        for replica in cluster.replicas { replica.signal(.resume) }
        await cluster.stop()
        for proxy in databaseProxies + exchangeProxies { await proxy.close() }
    }
}
