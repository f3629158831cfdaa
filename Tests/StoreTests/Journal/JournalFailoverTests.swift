import LocalCluster
import Logging
import Migrations
import Postgres
import Store
import TestSupport
import Testing
import Trading

@Suite("The journal on a promoted standby", .timeLimit(.minutes(5)))
struct JournalFailoverTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("an owner of the old timeline writes nothing, a new one under the same number does")
    func timelines() async throws {
        try await withPrivateServer(isDurable: false) { primary in
            _ = try await Migrator().migrate(
                patient(primary.connectionString()),
                logger: Self.logger
            )
            try await on(primary) { fixture in
                try await withStandby(of: primary) { standby in
                    _ = try await fixture.journal.commit(fixture.buying())
                    await primary.stop(.immediate)
                    try await standby.promote()
                    try await on(standby.server, fixture.strategies) { try await judge($0) }
                }
            }
        }
    }

    /// The rows of the token have survived: shard, owner and epoch are what they were.
    private func judge(_ fixture: JournalFixture) async throws {
        let (id, shard) = fixture.strategies[0]
        let journal = fixture.journal
        let before = try await fixture.contents()
        func writes(as owner: Int64) async throws -> Bool {
            let committed = try await journal.committed([fixture.step(candle: 4, owner: owner)])
            let begun = try await journal.begin(fixture.step(candle: 4, owner: owner))
            #expect((begun != nil) == !committed.isEmpty)
            try await journal.markRunning(id, shard: shard, owner: owner, epoch: 1)
            let isRunning = try await fixture.text("SELECT phase FROM tenure.strategies") == "running"
            try await journal.fail(id, shard: shard, owner: owner, epoch: 1, error: "no")
            let hasFailed = try await fixture.text("SELECT phase FROM tenure.strategies") == "failed"
            let isGone = try await journal.finish(id, shard: shard, owner: owner, epoch: 1, reason: "stop")
            let answers: Set = [!committed.isEmpty, begun != nil, isRunning, hasFailed, isGone]
            try #require(answers.count == 1, "\(answers)")
            return isGone
        }
        #expect(try await !writes(as: 1))
        #expect(try await fixture.contents() == before)
        let new: Int64 = 10_000_000_001
        try await fixture.base.addReplica(new, shards: 0..<0)
        try await fixture.pool.query("UPDATE tenure.shards SET owner = \(new)")
        #expect(try await writes(as: new))
    }

    private func on(
        _ server: PostgresServer,
        _ strategies: [(id: Int64, shard: Int)]? = nil,
        _ body: (JournalFixture) async throws -> Void
    ) async throws {
        let url = server.connectionString()
        let pool = PostgresPool(
            configuration: patient(url),
            size: 1,
            acquireTimeout: .seconds(240),
            logger: Self.logger
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await pool.run() }
            let base = DesiredStateFixture(pool: pool, url: url)
            if let strategies {
                try await body(JournalFixture(base: base, strategies: strategies))
            } else {
                try await body(try await JournalFixture.add(1, base))
            }
        }
    }
}
