import FoundationEssentials
import LocalCluster
import Logging
import Postgres
import TestSupport

/// One replica behind HAProxy, durable commits, no limit of requests; and the greeter.
struct BenchmarkCluster {
    /// For strategies, each on one of its own.
    static let markets = 15_000

    let cluster: LocalCluster
    let directory: String
    let helloURL: String

    var replica: Replica { cluster.replicas[0] }

    static func with(_ body: (BenchmarkCluster) async throws -> Void) async throws {
        let directory = "/tmp/tenure-http-benchmark-\(UInt32.random(in: .min ... .max))"
        let cluster = try LocalCluster(
            LocalClusterConfiguration(
                executable: try builtExecutable(),
                replicas: 1,
                port: 0,
                dataDirectory: directory,
                simulatorArguments: ["--weight-limit", "100000000", "--listed-markets", "\(markets)"],
                environment: [
                    "SWIFT_BACKTRACE": "enable=no", "TENURE_RATE_LIMIT": "0", "TENURE_LOG_LEVEL": "warning",
                    "TENURE_CAPACITY": "1000000",
                ],
                restartsReplicas: false,
                terminal: .silent
            )
        )
        let output = OutputLines()
        let greeter = try ChildProcess(
            ChildProcessConfiguration(
                program: try builtExecutable("HTTPBenchmark"),
                arguments: ["hello"],
                output: .lines { output.append($0) }
            )
        )
        func takeDown() async {
            greeter.signal(.kill)
            for replica in cluster.replicas { await replica.kill() }
            await cluster.stop()
            // Data of nobody's; if it cannot be removed, the next one has another name.
            try? FileManager.default.removeItem(atPath: directory)
        }
        do {
            let port = try await output.first(containing: "port ").split(separator: " ").last ?? ""
            try await cluster.start()
            try await body(
                BenchmarkCluster(cluster: cluster, directory: directory, helloURL: "http://127.0.0.1:\(port)/hello")
            )
        } catch {
            await takeDown()
            throw error
        }
        await takeDown()
    }

    func connect() async throws -> PostgresConnection {
        try await PostgresConnection.connect(
            PostgresConfiguration(connectionString: cluster.databaseURL, applicationName: "benchmark"),
            logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// Starts strategies, each on a market of its own, and waits until they all run.
    func start(_ count: Int) async throws {
        let database = try await connect()
        let script = try startScript(first: 1, last: count)
        _ = try await Load(seconds: 1, connections: 8).run(replica.url, script: script)
        try await eventually(within: .seconds(300), "\(count) strategies") {
            let rows = try await database.query("SELECT count(*) FROM tenure.strategies WHERE phase = 'running'")
            let running = try rows[0].decode(Int64.self)
            if running < count { _ = try await Load(seconds: 1, connections: 8).run(replica.url, script: script) }
            return running >= count
        }
        await database.close()
    }

    /// A file for wrk that starts a strategy with each request: on one market after the other, again from the first after the last.
    func startScript(first: Int, last: Int) throws -> String {
        let path = "\(directory)/start.lua"
        try """
        wrk.method = "POST"
        wrk.headers["Content-Type"] = "application/json"
        local number = \(first) - 1
        request = function()
            number = number < \(last) and number + 1 or \(first)
            return wrk.format(nil, "/api/live-strategy/start", nil,
                string.format('{"symbol":"SIM%04dUSDT","mode":"scalp","interval":"1d"}', number))
        end
        """.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}
