import LocalCluster
import Logging
import Migrations
import Postgres
import TestSupport
import Testing

@testable import Nemesis

/// The judge of ownership is shown writes that are as they should be, and writes that are not.
@Suite(.timeLimit(.minutes(5)))
struct OwnershipJudgeTests {
    @Test("a stranger's write, a write after the claim, and a claim from the living are found")
    func judge() async throws {
        try await withPrivateServer(isDurable: false, settings: ["track_commit_timestamp": "on"]) { server in
            try await withDirectory { directory in
                let log = try ActionLog(path: "\(directory)/nemesis.log", echoes: false)
                _ = try await Migrator().migrate(
                    patient(server.connectionString()),
                    logger: logger
                )
                let judge = try await connect(server, "nemesis")
                try await Trail.install(judge)
                let (one, two) = (try await connect(server, "tenure/one"), try await connect(server, "tenure/two"))
                try await one.query(PostgresStatement(unsafeSQL: Self.twoReplicas))
                try await one.execute(script: Self.strategy)
                try await one.query(step(1))

                func violations() async throws -> [String] {
                    let before = log.violations.count
                    try await OwnershipJudge(database: judge, log: log).judge()
                    return Array(log.violations.dropFirst(before))
                }
                #expect(try await violations().isEmpty)

                // Claimed by the second; a step of the first was under way, and nothing held the claim back.
                try await one.query("BEGIN")
                try await one.query(step(2))
                try await judge.query(
                    "UPDATE tenure.replicas SET fenced_at = now(), fenced_reason = 'session lost' WHERE id = 1"
                )
                try await two.query("UPDATE tenure.shards SET owner = 2, epoch = 2 WHERE id = 0")
                try await one.query("COMMIT")
                let late = try await violations()
                #expect(late.count == 1 && late[0].hasPrefix("I2"), "\(late)")

                try await one.query(step(3))
                let stranger = try await violations()
                #expect(stranger.contains { $0.contains("I1: a write by somebody") }, "\(stranger)")

                try await two.query("UPDATE tenure.shards SET owner = 1, epoch = 3 WHERE id = 0")
                let stolen = try await violations()
                #expect(stolen.contains { $0.contains("not fenced") }, "\(stolen)")
                for connection in [judge, one, two] { await connection.close() }
            }
        }
    }

    private static let twoReplicas = """
        INSERT INTO tenure.replicas (id, name, instance, host, pid, version, capacity, timeline, lease_expires_at)
        VALUES (1, 'one', 'one', 'here', 1, '1', 10, '1', now()), (2, 'two', 'two', 'here', 2, '1', 10, '1', now())
        """

    private static let strategy = """
        UPDATE tenure.shards SET owner = 1, epoch = 1 WHERE id = 0;
        INSERT INTO tenure.strategies (symbol, exchange, strategy_type, interval, execution, config, shard, start_epoch)
        VALUES ('BTCUSDT', 'binance', 'scalp', '1s', 'paper', '{}', 0, 1);
        INSERT INTO tenure.checkpoints (strategy_id, cursor_ms, candles, state, position_e8, cost_e8, last_price_e8, pnl_e8,
            fees_e8, trades_count) VALUES (1, 0, 0, '{}', 0, 0, 0, 0, 0, 0);
        """

    private func step(_ cursor: Int64) -> PostgresStatement {
        "UPDATE tenure.checkpoints SET cursor_ms = \(cursor) WHERE strategy_id = 1"
    }

    private var logger: Logger { Logger(label: "tests") { _ in SwiftLogNoOpLogHandler() } }

    private func connect(_ server: PostgresServer, _ name: String) async throws -> PostgresConnection {
        try await PostgresConnection.connect(
            patient(server.connectionString(user: "postgres"), applicationName: name),
            logger: logger
        )
    }

    private func withDirectory(_ body: (String) async throws -> Void) async throws {
        let directory = try TemporaryDirectory.create(prefix: "tenure-nemesis")
        defer { TemporaryDirectory.remove(directory) }
        try await body(directory)
    }
}
