import FoundationEssentials
import LocalCluster
import Postgres

/// Starts per second, beside pgbench with the inserts that a start makes.
struct StartRates {
    let bench: BenchmarkCluster
    let load: Load

    /// Markets of their own for every round, of those with six digits.
    private static let perRound = 20_000

    func measure(rounds: Int) async throws {
        let database = try await bench.connect()
        let pgbench = try await PostgresInstallation.find().binaries + "/pgbench"
        let script = "\(bench.directory)/start.sql"
        try Self.inserts.write(toFile: script, atomically: true, encoding: .utf8)
        var (starts, inserts) = (Series("POST start"), Series("pgbench, the same inserts"))
        for round in 0...rounds {
            let first = 100_000 + round % 40 * Self.perRound
            let lua = try bench.startScript(first: first, last: first + Self.perRound - 1)
            let started = try await load.run(bench.replica.url, script: lua)
            try await forget(database)
            let inserted = try await run(pgbench, script)
            try await forget(database)
            guard round > 0 else { continue }
            starts.add(started)
            inserts.add(inserted)
        }
        await database.close()
        print(
            "\n\(load.connections) starts at once, \(load.seconds) s each, \(rounds) rounds (medians), durable commits"
        )
        print(Series.heading)
        for one in [starts, inserts] { print(one.line) }
        report("starts, to pgbench's inserts", starts.ratio(to: inserts), goal: 0.5)
    }

    /// Strategy, count of its shard, event, notification: in one transaction, as a start has it.
    private static let inserts = """
        \\set number random(1, 1000000000)
        \\set shard random(0, 1023)
        WITH added AS (
            INSERT INTO tenure.strategies (symbol, exchange, strategy_type, interval, execution, config, shard, start_epoch)
            VALUES ('P' || :number, 'pgbench', 'scalp', '1d', 'paper', '{}', :shard, 1)
            ON CONFLICT (exchange, symbol) DO NOTHING
            RETURNING id, shard
        ), counted AS (
            UPDATE tenure.shards h SET revision = h.revision FROM added a WHERE h.id = a.shard
        ), logged AS (
            INSERT INTO tenure.events (kind, strategy_id, details)
            SELECT 'benchmark', id, '{"symbol": "PGBENCH", "exchange": "pgbench", "strategy_type": "scalp"}' FROM added
        )
        SELECT pg_notify('benchmark', 'start ' || id || ' ' || shard) FROM added;

        """

    private func run(_ pgbench: String, _ script: String) async throws -> Rate {
        let postgres = bench.cluster.postgres
        let output = try await ChildProcess.runSuccessfully(
            pgbench,
            [
                "--no-vacuum", "--protocol=prepared", "--client=\(load.connections)", "--jobs=1",
                "--time=\(load.seconds)",
                "--file=\(script)", "--host=\(postgres.socketDirectory)", "--port=\(postgres.port)",
                "--username=tenure",
                "tenure",
            ]
        )
        func figure(_ name: String) -> Double? {
            let line = output.split(separator: "\n").first { $0.hasPrefix("\(name) = ") }
            return line.flatMap { Double($0.split(separator: " ")[name.split(separator: " ").count + 1]) }
        }
        guard let rate = figure("tps"), let latency = figure("latency average") else {
            throw BenchmarkError("pgbench printed no figures:\n\(output)")
        }
        return Rate(perSecond: rate, p50: latency, p99: .nan)
    }

    /// Takes away what was started, all at once, so that every round begins with the same.
    private func forget(_ database: PostgresConnection) async throws {
        try await database.query("DELETE FROM tenure.strategies WHERE exchange = 'pgbench'")
        try await database.query(
            """
            UPDATE tenure.strategies SET stop_requested_at = clock_timestamp(), stop_reason = 'benchmark', stop_positions = 'keep'
            WHERE symbol ~ '^SIM[0-9]{6}USDT$'
            """
        )
        try await database.query("UPDATE tenure.shards SET revision = revision + 1")
        try await database.query("SELECT pg_notify('tenure', 'start 0 0')::text")
        for _ in 0..<600 {
            let left = try await database.query(
                "SELECT count(*) FROM tenure.strategies WHERE symbol ~ '^SIM[0-9]{6}USDT$'"
            )[0].decode(Int64.self)
            if left == 0 { return }
            // Their owner takes its time, and says nothing.
            try await Task.sleep(for: .milliseconds(200))
        }
        throw BenchmarkError("the strategies of a round were not stopped")
    }
}
