import ArgumentParser
import AsyncHTTPClient
import FoundationEssentials
import Glibc
import LocalCluster
import Logging
import NIOCore
import NIOHTTP1
import Postgres
import TestSupport

/// How long strategies stand still when their replica dies: a real cluster, real processes, killed or frozen again and again.
///
/// Printed per round and as median and worst, in milliseconds after the signal was sent:
/// fenced (the verdict is committed), running (the last of the dead replica's strategies is restored, has caught up and
/// follows the market elsewhere).
@main
struct FailoverBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "FailoverBenchmark",
        abstract: "Measures the time from the death of a replica to its strategies running elsewhere."
    )

    @Option(help: "Replicas.")
    var replicas = 3

    @Option(help: "Strategies in all, on one-minute candles.")
    var strategies = 30

    @Option(help: "Deaths.")
    var rounds = 20

    @Flag(help: "Freeze the process (SIGSTOP) instead of killing it: the lease decides.")
    var freeze = false

    func run() async throws {
        let directory = "/tmp/tenure-benchmark-\(getpid())"
        let cluster = try LocalCluster(
            LocalClusterConfiguration(
                executable: try builtExecutable(),
                replicas: replicas,
                port: 0,
                dataDirectory: directory,
                environment: ["TENURE_LOG_LEVEL": "warning", "TENURE_SUSPECT_AFTER": "0"],
                restartsReplicas: false,
                terminal: .silent
            )
        )
        do {
            try await cluster.start()
            try await measure(cluster)
        } catch {
            await cluster.stop()
            try? FileManager.default.removeItem(atPath: directory)
            throw error
        }
        await cluster.stop()
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func measure(_ cluster: LocalCluster) async throws {
        let database = try await PostgresConnection.connect(
            PostgresConfiguration(connectionString: cluster.databaseURL, applicationName: "benchmark"),
            logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
        )
        for number in 1...strategies { try await start(number, cluster) }
        print("\(replicas) replicas, \(strategies) strategies, \(freeze ? "SIGSTOP" : "SIGKILL"), durable commits")
        print("round  strategies  fenced ms  running ms")

        var fenced: [Double] = []
        var running: [Double] = []
        for round in 1...rounds {
            try await waitUntilBalanced(database)
            let victim = cluster.replicas[round % replicas]
            let row = try await database.query(
                """
                SELECT r.id, coalesce(sum(s.strategies), 0)::bigint FROM tenure.replicas r
                LEFT JOIN tenure.shards s ON s.owner = r.id
                WHERE r.name = \(victim.name) AND r.fenced_at IS NULL GROUP BY r.id
                """
            ).first
            guard let (id, count) = try row?.decode(Int64.self, Int.self) else { continue }
            // The server's clock is this machine's: moments of the two can be compared.
            let sent = Self.now()
            victim.signal(freeze ? .stop : .kill)
            let (fencedAt, runningAt) = try await recovery(from: id, database)
            fenced.append(Double(fencedAt - sent) / 1_000)
            running.append(Double(runningAt - sent) / 1_000)
            print(
                "\(pad(round, 5))  \(pad(count, 10))  \(pad(fenced[fenced.count - 1], 9))  \(pad(running[running.count - 1], 10))"
            )
            if freeze { victim.signal(.resume) } else { try victim.start() }
            try await victim.waitUntilReady()
        }
        print("median \(pad("", 9))  \(pad(median(fenced), 9))  \(pad(median(running), 10))")
        print("worst  \(pad("", 9))  \(pad(fenced.max() ?? 0, 9))  \(pad(running.max() ?? 0, 10))")
        await database.close()
    }

    private func start(_ number: Int, _ cluster: LocalCluster) async throws {
        let digits = String(number)
        let symbol = "SIM" + String(repeating: "0", count: 4 - digits.count) + digits + "USDT"
        var request = HTTPClientRequest(url: "\(cluster.url)/api/live-strategy/start")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: #"{"symbol":"\#(symbol)","mode":"scalp","interval":"1m"}"#))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        guard response.status.code < 300 else {
            throw CleanExit.message("starting \(symbol) was answered with \(response.status)")
        }
    }

    /// Everything runs, and nobody has more than one strategy above another.
    private func waitUntilBalanced(_ database: PostgresConnection) async throws {
        try await eventually(within: .seconds(60), "a balanced cluster") {
            let loads = try await database.query(
                """
                SELECT coalesce(sum(s.strategies), 0)::bigint FROM tenure.replicas r
                LEFT JOIN tenure.shards s ON s.owner = r.id
                WHERE r.fenced_at IS NULL AND r.lease_expires_at > now() GROUP BY r.id
                """
            ).map { try $0.decode(Int.self) }
            let busy = try await database.query(
                "SELECT count(*) FROM tenure.active_strategies WHERE status <> 'running'"
            ).map { try $0.decode(Int.self) }
            return loads.count == replicas && busy == [0] && (loads.max() ?? 0) - (loads.min() ?? 0) <= 1
        }
    }

    /// When the victim was fenced and when everything ran again, in microseconds.
    private func recovery(from victim: Int64, _ database: PostgresConnection) async throws -> (Int64, Int64) {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            let row = try await database.query(
                """
                SELECT (SELECT (extract(epoch FROM fenced_at) * 1000000)::bigint FROM tenure.replicas WHERE id = \(victim)),
                    (SELECT count(*) FROM tenure.shards s LEFT JOIN tenure.replicas r ON r.id = s.owner
                        WHERE s.strategies > 0
                            AND (s.ready_epoch < s.epoch OR r.id IS NULL OR r.fenced_at IS NOT NULL))
                """
            ).first
            if let (fenced, waiting) = try row?.decode(Int64?.self, Int.self), let fenced, waiting == 0 {
                return (fenced, Self.now())
            }
            try await Task.sleep(for: .milliseconds(1))
        }
        throw CleanExit.message("replica \(victim) was not replaced within a minute")
    }

    /// Microseconds since 1970.
    private static func now() -> Int64 {
        var moment = timespec()
        clock_gettime(CLOCK_REALTIME, &moment)
        return Int64(moment.tv_sec) * 1_000_000 + Int64(moment.tv_nsec) / 1_000
    }

    private func median(_ values: [Double]) -> Double {
        values.isEmpty ? 0 : values.sorted()[values.count / 2]
    }

    private func pad(_ value: Double, _ width: Int) -> String {
        let tenths = Int((value * 10).rounded(.up))
        return pad("\(tenths / 10).\(tenths % 10)", width)
    }

    private func pad(_ value: Int, _ width: Int) -> String { pad(String(value), width) }

    private func pad(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
