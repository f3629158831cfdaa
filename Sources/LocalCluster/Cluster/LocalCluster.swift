import FoundationEssentials
import Synchronization

/// PostgreSQL, an exchange simulator, replicas and a load balancer on this machine; what `tenure up` runs.
///
/// It ends nothing that it did not start, and whatever it started ends with this process at the latest. The data stays.
package final class LocalCluster: Sendable {
    package let configuration: LocalClusterConfiguration
    package let postgres: PostgresServer
    package let simulator: SupervisedProcess
    package let simulatorPort: Int
    package let replicas: [Replica]
    package let loadBalancer: LoadBalancer
    /// Where the cluster is reached.
    package let port: Int
    /// Absolute.
    package let dataDirectory: String
    private let lock: Mutex<DirectoryLock?>

    /// Takes the data directory and the ports; starts nothing yet.
    ///
    /// - Throws: ``LocalClusterError`` where the directory is in use or a port is.
    package init(_ configuration: LocalClusterConfiguration) throws {
        precondition(configuration.replicas > 0, "a cluster without replicas")
        self.configuration = configuration
        let dataDirectory = try Self.directory(configuration.dataDirectory)
        let terminal = configuration.terminal
        lock = Mutex(try DirectoryLock(directory: dataDirectory))
        self.dataDirectory = dataDirectory
        let logs = try Self.directory("\(dataDirectory)/logs")

        func port(preferring wanted: Int) throws -> Int {
            try configuration.port == 0 ? LoopbackPort.free() : LoopbackPort.free(preferring: wanted)
        }
        if configuration.port != 0, !LoopbackPort.isFree(configuration.port) {
            throw LocalClusterError.portInUse(configuration.port, by: "the load balancer (--port)")
        }
        self.port = try port(preferring: configuration.port)
        simulatorPort = try port(preferring: 9_100)

        let postgresLog = try LogFile(path: "\(logs)/postgres.log")
        postgres = try PostgresServer(
            PostgresServerConfiguration(
                dataDirectory: "\(dataDirectory)/postgres",
                port: configuration.postgresPort ?? port(preferring: 54_320),
                isDurable: configuration.isDurable,
                settings: configuration.postgresSettings,
                log: { postgresLog.append($0) }
            )
        )

        func supervised(
            _ name: String,
            index: Int,
            arguments: [String],
            environment: [String: String],
            restarts: Bool = true
        ) throws -> SupervisedProcess {
            let log = try LogFile(path: "\(logs)/\(name).log")
            return SupervisedProcess(
                name: name,
                configuration: ChildProcessConfiguration(
                    program: configuration.executable,
                    arguments: arguments,
                    environment: environment
                ),
                restarts: restarts,
                line: { line in
                    log.append(line)
                    terminal.show(line, from: name, index: index)
                },
                report: { text in
                    log.append(text)
                    terminal.show(text, from: "up", index: 5)
                }
            )
        }
        simulator = try supervised(
            "simulator",
            index: 0,
            arguments: ["simulator", "--port", "\(simulatorPort)"] + configuration.simulatorArguments,
            environment: ProcessEnvironment.current
        )
        var own = [
            "TENURE_DATABASE_URL": postgres.connectionString(),
            "TENURE_HOST": "127.0.0.1",
            "TENURE_BINANCE_REST_URL": "http://127.0.0.1:\(simulatorPort)",
            "TENURE_BINANCE_STREAM_URL": "ws://127.0.0.1:\(simulatorPort)",
            "TENURE_BINANCE_ACCOUNT_STREAM_URL": "ws://127.0.0.1:\(simulatorPort)/ws-api/v3",
            // The simulator's own account, whatever else is set here: no real key is ever shown to it.
            "TENURE_BINANCE_API_KEY": "simulator-key",
            "TENURE_BINANCE_API_SECRET": "simulator-secret",
            "TENURE_ALLOW_LIVE": "true",
            // It shows at once what it has accepted; and its time may move at any pace.
            "TENURE_BINANCE_SETTLING_MARGIN": "1s",
            "TENURE_BINANCE_CLOCK_LIFETIME": "0ms",
        ]
        // HAProxy here looks four times a second: it need not be waited for as long as elsewhere.
        if ProcessEnvironment.current["TENURE_DRAIN_LINGER"] == nil { own["TENURE_DRAIN_LINGER"] = "1s" }
        let common = Self.environment(own)
        replicas = try (1...configuration.replicas).map { number in
            let name = "replica-\(number)"
            let port = try port(preferring: configuration.port + number)
            let environment = common.merging(["TENURE_PORT": "\(port)", "TENURE_REPLICA_NAME": name]) { $1 }
                .merging(configuration.environment) { $1 }
                .merging(configuration.replicaEnvironment[name] ?? [:]) { $1 }
            return Replica(
                name: name,
                port: port,
                process: try supervised(
                    name,
                    index: number,
                    arguments: ["serve"],
                    environment: environment,
                    restarts: configuration.restartsReplicas
                )
            )
        }

        let balancerLog = try LogFile(path: "\(logs)/haproxy.log")
        loadBalancer = try LoadBalancer(
            LoadBalancerConfiguration(
                port: self.port,
                backends: replicas.map { .init(name: $0.name, port: $0.port) },
                log: { balancerLog.append($0) }
            )
        )
    }

    package var url: String { "http://127.0.0.1:\(port)" }
    package var simulatorURL: String { "http://127.0.0.1:\(simulatorPort)" }
    package var databaseURL: String { postgres.connectionString() }

    /// Starts everything and waits until every replica takes traffic through the load balancer.
    ///
    /// What had been started when it fails is stopped again.
    package func start() async throws {
        do {
            report("starting PostgreSQL on \(dataDirectory)/postgres")
            try await postgres.start()
            report("starting the exchange simulator on port \(simulatorPort)")
            try simulator.start()
            try await waitForSimulator()
            report("starting \(replicas.count) replicas")
            for replica in replicas { try replica.start() }
            for replica in replicas { try await replica.waitUntilReady() }
            report("starting HAProxy on port \(port)")
            try await loadBalancer.start()
        } catch {
            await stop()
            throw error
        }
    }

    /// Stops everything it started, in order: the load balancer, the replicas, which drain, the simulator, PostgreSQL.
    ///
    /// The data stays. To start again takes a new `LocalCluster`.
    package func stop() async {
        report("stopping the load balancer and the replicas")
        await loadBalancer.stop()
        await withTaskGroup { group in
            for replica in replicas { group.addTask { await replica.stop() } }
        }
        report("stopping the simulator and PostgreSQL")
        await simulator.stop()
        await postgres.close(.fast)
        lock.withLock { $0 = nil }
        report("stopped; the data stays in \(dataDirectory)")
    }

    /// Makes a stop that is under way an immediate one: nothing drains, PostgreSQL recovers at its next start.
    package func stopAtOnce() {
        for replica in replicas { replica.signal(.kill) }
        simulator.signal(.kill)
        loadBalancer.process?.signal(.kill)
        postgres.process?.signal(.quit)
    }

    func report(_ text: String) {
        configuration.terminal.show(text, from: "up", index: 5)
    }

    private func waitForSimulator() async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while !LoopbackPort.accepts(simulatorPort) {
            guard ContinuousClock.now < deadline else {
                throw LocalClusterError(
                    code: .notStarted,
                    message: """
                        The simulator did not start. The last it said:
                        \(simulator.output.recent.suffix(15).joined(separator: "\n"))
                        """
                )
            }
            // A port does not announce that it is open.
            try await Task.sleep(for: .milliseconds(25))
        }
    }

    /// The caller's environment with the cluster's own settings, and without what would lead out of the cluster or is
    /// meant for tests.
    private static func environment(_ own: [String: String]) -> [String: String] {
        var environment = ProcessEnvironment.current
        for name in own.keys { environment["\(name)_FILE"] = nil }
        for name in [
            "TENURE_SESSION_DATABASE_URL", "TENURE_SESSION_DATABASE_URL_FILE", "TENURE_PORT_FILE",
            "TENURE_REPLICA_NAME_FILE", "TENURE_LONG", "TENURE_TEST_DATA",
        ] { environment[name] = nil }
        return environment.merging(own) { $1 }
    }

    /// Makes a directory where it is missing.
    ///
    /// - Returns: Its absolute path.
    private static func directory(_ path: String) throws -> String {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw LocalClusterError(
                code: .directoryUnusable,
                message: "The directory \(path) cannot be created: choose another one. (\(error))"
            )
        }
        let absolute = path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
        return URL(filePath: absolute).standardized.path
    }
}
