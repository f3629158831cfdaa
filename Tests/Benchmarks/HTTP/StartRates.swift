import FoundationEssentials
import LocalCluster
import Postgres

/// Starts per second, beside pgbench with the inserts that a start makes.
///
/// Whoever waits until a strategy runs waits for the exchange too, of which only so much may be asked in a minute; so those come
/// first, and only what is answered once it is durable is compared with the inserts.
struct StartRates {
    let bench: BenchmarkCluster
    let load: Load
    /// Markets that are free.
    let markets: ClosedRange<Int>

    func measure(rounds: Int) async throws {
        let database = try await bench.connect()
        let pgbench = try await PostgresInstallation.find().binaries + "/pgbench"
        let script = "\(bench.directory)/start.sql"
        try Self.inserts.write(toFile: script, atomically: true, encoding: .utf8)
        let last = try await database.query("SELECT coalesce(max(id), 0) FROM tenure.strategies")[0].decode(Int64.self)
        var waiting = Series("POST start, waits until it runs")
        for round in 0...rounds {
            let rate = try await start(prefer: nil)
            try await forget(after: last, database)
            if round > 0 { waiting.add(rate) }
        }
        var (starts, inserts) = (Series("POST start, Prefer: respond-async"), Series("pgbench, the same inserts"))
        for round in 0...rounds {
            let started = try await start(prefer: "respond-async")
            try await forget(after: last, database)
            let inserted = try await run(pgbench, script)
            try await forget(after: last, database)
            guard round > 0 else { continue }
            starts.add(started)
            inserts.add(inserted)
        }
        await database.close()
        print(
            "\n\(load.connections) starts at once, \(load.seconds) s each, \(rounds) rounds (medians), durable commits"
        )
        print(Series.heading)
        for one in [waiting, starts, inserts] { print(one.line) }
        report("starts, to pgbench's inserts", starts.ratio(to: inserts), goal: 0.5)
    }

    private func start(prefer: String?) async throws -> Rate {
        let lua = try bench.startScript(first: markets.lowerBound, last: markets.upperBound)
        return try await load.run(bench.replica.url, headers: prefer.map { ["Prefer: \($0)"] } ?? [], script: lua)
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

    /// With the log of a sample of its transactions, for their latencies.
    private func run(_ pgbench: String, _ script: String) async throws -> Rate {
        let postgres = bench.cluster.postgres
        let log = "\(bench.directory)/pgbench"
        let output = try await ChildProcess.runSuccessfully(
            pgbench,
            [
                "--no-vacuum", "--protocol=prepared", "--client=\(load.connections)", "--jobs=1",
                "--time=\(load.seconds)", "--log", "--log-prefix=\(log)", "--sampling-rate=0.2",
                "--file=\(script)", "--host=\(postgres.socketDirectory)", "--port=\(postgres.port)",
                "--username=tenure",
                "tenure",
            ]
        )
        let tps = output.split(separator: "\n").first { $0.hasPrefix("tps = ") }
        guard let rate = tps.flatMap({ Double($0.split(separator: " ")[2]) }) else {
            throw BenchmarkError("pgbench printed no figures:\n\(output)")
        }
        var latencies: [Double] = []
        for file in try FileManager.default.contentsOfDirectory(atPath: bench.directory)
        where file.hasPrefix("pgbench.") {
            let path = "\(bench.directory)/\(file)"
            // Client, transaction, its time in microseconds, …
            for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
                let words = line.split(separator: " ")
                if words.count > 2, let time = Double(words[2]) { latencies.append(time / 1_000) }
            }
            try FileManager.default.removeItem(atPath: path)
        }
        latencies.sort()
        guard !latencies.isEmpty else { throw BenchmarkError("pgbench logged no transactions") }
        return Rate(
            perSecond: rate,
            p50: latencies[latencies.count / 2],
            p99: latencies[latencies.count * 99 / 100]
        )
    }

    /// Takes away what was started, all at once, so that every round begins with the same.
    private func forget(after last: Int64, _ database: PostgresConnection) async throws {
        try await database.query("DELETE FROM tenure.strategies WHERE exchange = 'pgbench'")
        for _ in 0..<600 {
            // Again and again: what was under way when the load ended may be recorded later.
            try await database.query(
                """
                UPDATE tenure.strategies SET stop_requested_at = clock_timestamp(), stop_reason = 'benchmark', stop_positions = 'keep'
                WHERE id > \(last) AND stop_requested_at IS NULL
                """
            )
            try await database.query("UPDATE tenure.shards SET revision = revision + 1")
            try await database.query("SELECT pg_notify('tenure', 'start 0 0')::text")
            let left = try await database.query("SELECT count(*) FROM tenure.strategies WHERE id > \(last)")[0]
                .decode(Int64.self)
            if left == 0 { return }
            // Their owner takes its time, and says nothing.
            try await Task.sleep(for: .milliseconds(200))
        }
        throw BenchmarkError("the strategies of a round were not stopped")
    }
}
