import FoundationEssentials
import Hosting
import LocalCluster
import Logging
import Postgres
import Store
import Strategies
import TestSupport
import Trading

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A cluster with strategies, and the connection that watches it.
struct BenchmarkCluster {
    let cluster: LocalCluster
    let database: PostgresConnection

    /// Runs `body` with a new cluster, with durable commits, and takes it down.
    ///
    /// - Parameter capacities: By replica; nil: the default.
    static func with<R>(
        replicas: Int = 3,
        capacities: [Int: Int] = [:],
        simulator: [String] = [],
        environment common: [String: String] = [:],
        _ body: (BenchmarkCluster) async throws -> R
    ) async throws -> R {
        let directory = "/tmp/tenure-benchmark-\(UInt32.random(in: .min ... .max))"
        var environment: [String: [String: String]] = [:]
        for (replica, capacity) in capacities {
            environment["replica-\(replica + 1)"] = ["TENURE_CAPACITY": "\(capacity)"]
        }
        let cluster = try LocalCluster(
            LocalClusterConfiguration(
                executable: try builtExecutable(),
                replicas: replicas,
                port: 0,
                dataDirectory: directory,
                simulatorArguments: ["--weight-limit", "100000000"] + simulator,
                environment: ["SWIFT_BACKTRACE": "enable=no", "TENURE_SUSPECT_AFTER": "0"].merging(common) { $1 },
                replicaEnvironment: environment,
                restartsReplicas: false,
                postgresSettings: [
                    "track_commit_timestamp": "on", "shared_preload_libraries": "pg_stat_statements",
                    "max_connections": "300",
                ],
                terminal: .silent
            )
        )
        func takeDown() async {
            for replica in cluster.replicas { await replica.kill() }
            await cluster.stop()
            try? FileManager.default.removeItem(atPath: directory)
        }
        do {
            try await cluster.start()
            let database = try await connect(cluster)
            try await database.query("CREATE EXTENSION pg_stat_statements")
            for statement in OwnershipTrail.statements {
                try await database.query(PostgresStatement(unsafeSQL: statement))
            }
            let result = try await body(BenchmarkCluster(cluster: cluster, database: database))
            await database.close()
            await takeDown()
            return result
        } catch {
            await takeDown()
            throw error
        }
    }

    static func connect(_ cluster: LocalCluster) async throws -> PostgresConnection {
        try await PostgresConnection.connect(
            PostgresConfiguration(
                connectionString: cluster.postgres.connectionString(user: "postgres"),
                applicationName: "benchmark"
            ),
            logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// Puts strategies into the database as if they had run for long, `interval` candles, up to the last one that has closed;
    /// evenly over the shards.
    func populate(_ numbers: ClosedRange<Int>, _ interval: Interval) async throws {
        guard let mode = StrategyRegistry.builtIn.mode("scalp") else { throw BenchmarkError("there is no mode scalp") }
        let strategy = try mode.make(config: nil)
        let last = interval.openTime(containing: Timestamp(milliseconds: WallClock.now / 1_000)) - interval.milliseconds
        var run = StrategyRun(
            strategyID: 0,
            symbol: "SIM0001USDT",
            interval: interval,
            strategy: strategy,
            lastClosed: last,
            paper: .standard
        )
        while run.cursor < last {
            let candle = Candle(
                openTime: run.cursor + interval.milliseconds,
                open: "1000",
                high: "1001",
                low: "999",
                close: "1000",
                volume: .one
            )
            _ = try run.close(candle, exchangeTime: last + interval.milliseconds, barriers: [])
        }
        let checkpoint = try run.checkpoint()
        try await database.query(
            """
            WITH added AS (
                INSERT INTO tenure.strategies (symbol, exchange, strategy_type, interval, execution, config, shard,
                    start_epoch, phase)
                SELECT 'SIM' || lpad(n::text, greatest(4, length(n::text)), '0') || 'USDT', 'binance', 'scalp',
                    \(interval.rawValue), 'paper', \(PostgresJSON(try mode.normalized(config: nil).text)), n % 1024,
                    h.epoch, 'running'
                FROM generate_series(\(numbers.lowerBound), \(numbers.upperBound)) AS n
                JOIN tenure.shards h ON h.id = n % 1024
                RETURNING id
            )
            INSERT INTO tenure.checkpoints (strategy_id, cursor_ms, candles, state, position_e8, cost_e8, last_price_e8,
                pnl_e8, fees_e8, trades_count)
            SELECT id, \(checkpoint.cursor.milliseconds), 0, \(checkpoint.state), 0, 0, 100000000000, 0, 0, 0 FROM added
            """
        )
        try await database.query(
            """
            UPDATE tenure.shards h SET strategies = c.count, revision = revision + 1
            FROM (SELECT shard, count(*) FROM tenure.strategies GROUP BY shard) AS c WHERE c.shard = h.id
            """
        )
        try await database.query("ANALYZE")
    }

    /// Everything runs, and nobody carries a shard more than anybody else; on all replicas, if not said otherwise.
    func waitUntilBalanced(
        within limit: Duration = .seconds(120),
        slack: Int = 1,
        replicas: Int? = nil
    ) async throws {
        var quiet = 0
        try await eventually(within: limit, "a balanced cluster") {
            let row = try await database.query(
                """
                SELECT (SELECT max(load) - min(load) FROM (
                        SELECT coalesce(sum(s.strategies), 0) AS load FROM tenure.replicas r
                        LEFT JOIN tenure.shards s ON s.owner = r.id WHERE r.fenced_at IS NULL GROUP BY r.id) AS l)::bigint,
                    (SELECT count(*) FROM tenure.replicas WHERE fenced_at IS NULL),
                    (SELECT count(*) FROM tenure.shards s LEFT JOIN tenure.replicas r ON r.id = s.owner
                        WHERE s.ready_epoch < s.epoch OR r.id IS NULL OR r.fenced_at IS NOT NULL)
                """
            ).first
            guard let (spread, live, busy) = try row?.decode(Int.self, Int.self, Int.self) else { return false }
            quiet = spread <= slack && live == replicas ?? cluster.replicas.count && busy == 0 ? quiet + 1 : 0
            if quiet < 8 { try await Task.sleep(for: .milliseconds(50)) }
            return quiet >= 8
        }
    }

    /// The live replica of this process.
    func id(of replica: Replica) async throws -> Int64 {
        let row = try await database.query(
            "SELECT id FROM tenure.replicas WHERE name = \(replica.name) AND fenced_at IS NULL ORDER BY id DESC LIMIT 1"
        ).first
        guard let id = try row?.decode(Int64.self) else { throw BenchmarkError("\(replica.name) is no replica") }
        return id
    }

    /// Waits until no shard is without a live owner who has brought it up.
    func waitUntilRecovered(from victim: Int64, within limit: Duration = .seconds(300)) async throws {
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            let waiting = try await database.query(
                """
                SELECT count(*) FROM tenure.shards s LEFT JOIN tenure.replicas r ON r.id = s.owner
                WHERE s.owner = \(victim) OR s.ready_epoch < s.epoch OR r.id IS NULL OR r.fenced_at IS NOT NULL
                """
            )[0].decode(Int.self)
            if waiting == 0 { return }
            // Often enough for a limit, seldom enough not to disturb: the moments themselves come from the trail.
            try await Task.sleep(for: .milliseconds(10))
        }
        throw BenchmarkError("replica \(victim) was not replaced within \(limit)")
    }
}
