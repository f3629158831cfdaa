import FoundationEssentials
import LocalCluster
import Logging
import Migrations
import Postgres
import TestSupport
import Testing
import Trading

/// Two versions share one database, as in every rolling update.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct VersionTests {
    /// As a version after this one would expand the schema.
    private static let expansion = """
        ALTER TABLE tenure.strategies ADD COLUMN later text, ADD COLUMN later_too integer NOT NULL DEFAULT 7;
        ALTER TABLE tenure.checkpoints ADD COLUMN later text;
        ALTER TABLE tenure.orders ADD COLUMN later text NOT NULL DEFAULT 'unknown';
        ALTER TABLE tenure.replicas ADD COLUMN later bigint;
        ALTER TABLE tenure.shards ADD COLUMN later bigint;
        CREATE TABLE tenure.later (id bigint PRIMARY KEY, strategy_id bigint REFERENCES tenure.strategies ON DELETE CASCADE);
        INSERT INTO tenure.migrations (version, name, checksum) VALUES (\(Migrator.latestVersion + 1), 'later', 'of a later version')
        """

    @Test("on a schema newer than it knows a replica goes on and starts, and says so; unless the schema demands more")
    func newerSchema() async throws {
        try await withCluster { cluster in
            let symbols = (10..<16).map { "SIM00\($0)USDT" }
            try await cluster.start(all: symbols)
            try await cluster.waitUntilBalanced()
            let before = try await cluster.running(symbols.count, candles: 3)

            _ = try await cluster.sql(Self.expansion)
            var most = before.values.compactMap { $0["candles"]?.integer }.max() ?? 0
            _ = try await cluster.running(symbols.count, candles: most + 2)
            // One of the older version is restarted in the midst of the update.
            for replica in cluster.cluster.replicas.dropLast() {
                await replica.stop()
                try replica.start()
                try await replica.waitUntilReady()
                _ = try await replica.output.first(containing: "The database schema is newer than this program")
            }
            try await cluster.waitUntilBalanced()
            try await cluster.start("SIM0099USDT", "1s", to: cluster.cluster.replicas[0])
            _ = try await cluster.stop("SIM0099USDT", through: cluster.cluster.replicas[1])
            most += 2
            let after = try await cluster.running(symbols.count, candles: most + 3)
            for symbol in symbols { try expectContinuity(try #require(before[symbol]), try #require(after[symbol])) }

            // A version that takes away what this one needs says so. Who runs, runs on; who starts, refuses.
            _ = try await cluster.sql(
                "UPDATE tenure.migrations SET needed_version = version WHERE version > \(Migrator.latestVersion)"
            )
            let replica = cluster.cluster.replicas[0]
            await replica.stop()
            try replica.start()
            _ = try await replica.output.next(containing: "Upgrade the binary")
            let process = try #require(replica.process.process)
            #expect(try await process.waitForExit() == .exited(78))
            _ = try await cluster.running(symbols.count, candles: most + 6)
        }
    }

    @Test("what the version before has left is brought up to date, and run")
    func previousSchema() async throws {
        let directory = "/tmp/tenure-cluster-\(UInt32.random(in: .min ... .max))"
        let port = try LoopbackPort.free()
        try await previous(in: directory, port: port)
        try await withCluster(postgresPort: port, directory: directory) { cluster in
            #expect(try await cluster.sql("SELECT max(version) FROM tenure.migrations") == "\(Migrator.latestVersion)")
            for symbol in ["SIM0010USDT", "SIM0011USDT"] {
                try await cluster.strategy(symbol, "\(symbol) runs") {
                    $0["status"]?.string == "running" && ($0["candles"]?.integer ?? 0) >= 3
                }
            }
            let kept = try await cluster.sql("SELECT count(*) FROM tenure.events WHERE kind = 'of before'")
            #expect(kept == "1")
            let updated = cluster.cluster.replicas.filter { replica in
                replica.output.recent.contains { $0.contains("The schema is now at version \(Migrator.latestVersion)") }
            }
            #expect(updated.count == 1)
        }
    }

    /// A database as the version before leaves it: its schema, and in the columns that every version has had, strategies.
    private func previous(in directory: String, port: Int) async throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let server = try PostgresServer(
            PostgresServerConfiguration(dataDirectory: "\(directory)/postgres", port: port, isDurable: false)
        )
        do {
            try await server.start()
            let before = Migrator(migrations: Array(Migrator.all.dropLast()))
            _ = try await before.migrate(
                patient(server.connectionString()),
                logger: Logger(label: "version-tests") { _ in SwiftLogNoOpLogHandler() }
            )
            try await server.query(
                """
                INSERT INTO tenure.strategies (symbol, exchange, strategy_type, interval, execution, config, shard, start_epoch)
                SELECT symbol, 'binance', 'scalp', '1s', 'paper', '\(Self.config)', row_number() OVER () - 1, 0
                FROM unnest('{SIM0010USDT,SIM0011USDT}'::text[]) AS symbol;
                UPDATE tenure.shards SET strategies = 1, revision = revision + 1 WHERE id < 2;
                INSERT INTO tenure.events (kind, details) VALUES ('of before', '{}')
                """,
                database: "tenure",
                user: "tenure"
            )
        } catch {
            await server.close()
            throw error
        }
        await server.close()
    }

    private static let config = "{}"
}
