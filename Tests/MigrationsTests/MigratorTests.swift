import LocalCluster
import Logging
import Postgres
import TestSupport
import Testing

@testable import Migrations

@Suite(.timeLimit(.minutes(5)))
struct MigratorTests {
    private let logger = Logger(label: "migrator-tests") { _ in SwiftLogNoOpLogHandler() }

    private func configuration(_ url: String) -> PostgresConfiguration { patient(url) }

    /// Slow enough for others to get in between, and not to be applied twice.
    private static let slow = Migration(
        version: 1,
        name: "slow",
        sql: Array(
            "CREATE TABLE public.things (id int); SELECT pg_sleep(0.2); INSERT INTO public.things VALUES (1);".utf8
        )
    )
    private static let more = Migration(
        version: 2,
        name: "more",
        sql: Array("INSERT INTO public.things VALUES (2); -- naïve".utf8)
    )

    @Test func `an empty database gets everything this binary knows, once`() async throws {
        try await withTestDatabase(migrated: false) { url in
            let before = try await Migrator().check(configuration(url), logger: logger)
            #expect(before.databaseVersion == 0 && !before.isUpToDate)
            let report = try await Migrator().migrate(configuration(url), logger: logger)
            #expect(report.from == 0)
            #expect(report.to == Migrator.latestVersion)
            #expect(report.applied == Migrator.all)
            let again = try await Migrator().migrate(configuration(url), logger: logger)
            #expect(again.applied.isEmpty && again.from == Migrator.latestVersion && again.to == again.from)
            let after = try await Migrator().check(configuration(url), logger: logger)
            #expect(after.isUpToDate && after.databaseVersion == Migrator.latestVersion)
        }
    }

    @Test func `eight migrators at once apply each migration once`() async throws {
        try await withTestDatabase(migrated: false) { url in
            let migrator = Migrator(migrations: [Self.slow, Self.more])
            let applied = try await withThrowingTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask { try await migrator.migrate(configuration(url), logger: logger).applied.count }
                }
                var applied: [Int] = []
                for try await count in group { applied.append(count) }
                return applied
            }
            #expect(applied.sorted() == [0, 0, 0, 0, 0, 0, 0, 2])
            let connection = try await PostgresConnection.connect(configuration(url), logger: logger)
            let things = try await connection.query("SELECT id FROM public.things ORDER BY id")
            #expect(try things.map { try $0.decode(Int.self) } as [Int] == [1, 2])
            let rows = try await connection.query(
                "SELECT version, name, checksum FROM tenure.migrations ORDER BY version"
            )
            #expect(try rows.map { try $0.decode("name", as: String.self) } as [String] == ["slow", "more"])
            #expect(
                try rows.map { try $0.decode("checksum", as: String.self) } as [String] == [
                    Self.slow.checksum, Self.more.checksum,
                ]
            )
            await connection.close()
        }
    }

    @Test func `a migration that fails leaves nothing of itself, and those before it stay`() async throws {
        try await withTestDatabase(migrated: false) { url in
            let broken = Migration(
                version: 3,
                name: "broken",
                sql: Array("CREATE TABLE public.half (id int); SELECT 1/0;".utf8)
            )
            let migrator = Migrator(migrations: [Self.slow, Self.more, broken])
            let error = await #expect(throws: MigrationError.self) {
                try await migrator.migrate(configuration(url), logger: logger)
            }
            #expect(error?.code == .failed)
            #expect(error?.message.contains("V0003__broken.sql") == true)
            #expect(error?.underlying?.sqlState == "22012")
            let status = try await migrator.check(configuration(url), logger: logger)
            #expect(status.databaseVersion == 2 && status.pending == [broken])
            let connection = try await PostgresConnection.connect(configuration(url), logger: logger)
            #expect(try await connection.query("SELECT to_regclass('public.half') IS NULL")[0].decode(Bool.self))
            await connection.close()
        }
    }

    @Test func `a newer database is left alone, and refused where it demands a newer binary`() async throws {
        try await withTestDatabase(migrated: false) { url in
            let demanding = Migration(
                version: 3,
                name: "demanding",
                sql: Array("ALTER TABLE tenure.migrations ADD COLUMN needed_version integer NOT NULL DEFAULT 1".utf8)
            )
            let contracting = Migration(
                version: 4,
                name: "contracting",
                sql: Array("ALTER TABLE tenure.migrations ALTER COLUMN needed_version SET DEFAULT 4".utf8)
            )
            let old = Migrator(migrations: [Self.slow])
            for newer in [[Self.slow, Self.more], [Self.slow, Self.more, demanding]] {
                _ = try await Migrator(migrations: newer).migrate(configuration(url), logger: logger)
                let report = try await old.migrate(configuration(url), logger: logger)
                #expect(report.applied.isEmpty && report.from == newer.count && report.to == newer.count)
                #expect(try await old.check(configuration(url), logger: logger).isBeyond)
            }
            let all = [Self.slow, Self.more, demanding, contracting]
            _ = try await Migrator(migrations: all).migrate(configuration(url), logger: logger)
            #expect(try await Migrator(migrations: all).check(configuration(url), logger: logger).isUpToDate)
            for attempt in 0..<2 {
                let error = await #expect(throws: MigrationError.self) {
                    if attempt == 0 {
                        _ = try await old.migrate(configuration(url), logger: logger)
                    } else {
                        _ = try await old.check(configuration(url), logger: logger)
                    }
                }
                #expect(error?.code == .databaseIsNewer)
            }
        }
    }

    @Test func `an edited migration is refused`() async throws {
        try await withTestDatabase(migrated: false) { url in
            _ = try await Migrator(migrations: [Self.slow]).migrate(configuration(url), logger: logger)
            let edited = Migration(version: 1, name: "slow", sql: Self.slow.sql + [32])
            let error = await #expect(throws: MigrationError.self) {
                try await Migrator(migrations: [edited, Self.more]).migrate(configuration(url), logger: logger)
            }
            #expect(error?.code == .edited)
        }
    }

    @Test func `a role without rights is told which`() async throws {
        try await withTestDatabase(migrated: false) { url in
            let owner = try await PostgresConnection.connect(configuration(url), logger: logger)
            let database = try await owner.query("SELECT current_database()")[0].decode(String.self)
            await owner.close()
            let server = try await TestServer.shared
            let role = "guest_\(database)"
            try await server.query("CREATE ROLE \(role) LOGIN")
            let guest = configuration(server.connectionString(database: database, user: role))
            let error = await #expect(throws: MigrationError.self) {
                try await Migrator().migrate(guest, logger: logger)
            }
            #expect(error?.code == .missingRights)
            #expect(error?.message.contains("GRANT") == true)
            try await server.query("DROP ROLE \(role)")
        }
    }

    @Test func `a waiting migrator can be cancelled`() async throws {
        try await withTestDatabase(migrated: false) { url in
            let holder = try await PostgresConnection.connect(configuration(url), logger: logger)
            try await holder.query("SELECT pg_advisory_lock(\(Int64(0x7465_6e75_7265_0001)))")
            let waiting = Task { try await Migrator().migrate(configuration(url), logger: logger) }
            try await eventually("the migrator is connected") {
                try await holder.query(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%try_advisory%'"
                )[0]
                .decode(Int.self) == 2
            }
            waiting.cancel()
            await #expect(throws: (any Error).self) { try await waiting.value }
            await holder.close()
        }
    }
}
