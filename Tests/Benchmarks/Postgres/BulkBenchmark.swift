import LocalCluster
import Logging
import Postgres

/// 100,000 checkpoints, 2,000 in a statement: binary arrays through `unnest`, and the same update with rows that the
/// server makes up.
struct BulkBenchmark {
    private static let rows = 100_000
    private static let batch = 2_000
    /// Statements under way at once: while the server works on one, the next is being put together.
    private static let depth = 2

    let server: PostgresServer

    func run(rounds: Int) async throws {
        let connection = try await PostgresConnection.connect(
            server.benchmarkConfiguration,
            logger: Logger(label: "benchmark")
        )
        try await connection.execute(
            script: """
                CREATE TABLE checkpoints (
                    id bigint PRIMARY KEY, epoch bigint NOT NULL, state bytea NOT NULL, pnl bigint NOT NULL,
                    trades bigint NOT NULL, time timestamptz NOT NULL
                ) WITH (fillfactor = 45);
                INSERT INTO checkpoints
                SELECT i, 1, convert_to(repeat('s', 200), 'UTF8'), 0, 0, now() FROM generate_series(1, \(Self.rows)) AS i;
                """
        )
        try await connection.query("VACUUM ANALYZE checkpoints")
        var generated = Series("rows made by the server")
        var sent = Series("binary arrays")
        for round in 0...rounds {
            let floor = try await measure(connection) { try await generate($0, connection, round: round) }
            let arrays = try await measure(connection) { try await send($0, connection, round: round) }
            guard round > 0 else { continue }
            generated.append(floor)
            sent.append(arrays)
        }
        print("\n\(Self.rows) checkpoints by UPDATE, \(Self.batch) in a statement, \(rounds) rounds (medians)")
        print(Series.heading)
        print(generated.line)
        print(sent.line)
        let rate = ratio(sent, to: generated, by: \.perSecond)
        report("rows per second, to the server's own", rate, isReached: rate >= 0.8, goal: "≥ 0.8")
        await connection.close()
    }

    private func generate(_ first: Int64, _ connection: PostgresConnection, round: Int) async throws {
        let result = try await connection.query(
            """
            UPDATE checkpoints AS c
            SET epoch = n.epoch, state = n.state, pnl = n.pnl, trades = n.trades, time = n.time
            FROM (
                SELECT i AS id, \(Int64(round)) AS epoch,
                    convert_to(repeat(chr(97 + (i % 26)::int), 200), 'UTF8') AS state, i * 7 AS pnl, i % 1000 AS trades,
                    clock_timestamp() AS time
                FROM generate_series(\(first), \(first + Int64(Self.batch) - 1)) AS i
            ) AS n
            WHERE c.id = n.id
            """
        )
        precondition(result.affectedRows == Self.batch, "rows were not found")
    }

    private func send(_ first: Int64, _ connection: PostgresConnection, round: Int) async throws {
        let numbers = first..<first + Int64(Self.batch)
        let ids = Array(numbers)
        let epochs = [Int64](repeating: Int64(round), count: Self.batch)
        let states = numbers.map { [UInt8](repeating: 97 + UInt8($0 % 26), count: 200) }
        let pnls = numbers.map { $0 * 7 }
        let trades = numbers.map { $0 % 1000 }
        let now = PostgresTimestamp(microseconds: 1_700_000_000_000_000 + first)
        let times = [PostgresTimestamp](repeating: now, count: Self.batch)
        let result = try await connection.query(
            """
            UPDATE checkpoints AS c
            SET epoch = n.epoch, state = n.state, pnl = n.pnl, trades = n.trades, time = n.time
            FROM unnest(\(ids), \(epochs), \(states), \(pnls), \(trades), \(times))
                AS n (id, epoch, state, pnl, trades, time)
            WHERE c.id = n.id
            """
        )
        precondition(result.affectedRows == Self.batch, "rows were not found")
    }

    private func measure(
        _ connection: PostgresConnection,
        _ write: @escaping @Sendable (Int64) async throws -> Void
    ) async throws -> Measurement {
        let server = ProcessorTime.of(process: connection.backendPID)
        let client = ProcessorTime.ofThisProcess
        let start = ContinuousClock.now
        try await withThrowingTaskGroup { group in
            for task in 0..<Self.depth {
                group.addTask {
                    for batch in stride(from: task, to: Self.rows / Self.batch, by: Self.depth) {
                        try await write(Int64(batch * Self.batch + 1))
                    }
                }
            }
            try await group.waitForAll()
        }
        return Measurement(
            count: Self.rows,
            elapsed: start.duration(to: .now),
            clientCPU: ProcessorTime.ofThisProcess - client,
            serverCPU: ProcessorTime.of(process: connection.backendPID) - server
        )
    }
}
