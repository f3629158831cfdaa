import Coordination
import Postgres
import Store
import TestSupport
import Testing
import Trading

@testable import Hosting

@Suite("Restoring ten thousand strategies", .timeLimit(.minutes(3)))
struct RestoreTests {
    @Test("a few statements, nothing written, the exposed ones first, and never too many at once")
    func tenThousand() async throws {
        let exchange = QuietExchange()
        try await HostFixture.with(exchange) { fixture in
            let (database, replica) = (fixture.database, fixture.replicas[0])
            let run = try RunFixture().run(lastClosed: Candles.start).checkpoint()
            try await database.addStrategies(10_000, state: run.state, exposed: true)
            let before = try await database.texts(Self.versions)
            try await fixture.take(Array(0..<1_024))
            try await eventually(within: .seconds(120), "every shard is ready") {
                try await database.number("SELECT count(*) FROM tenure.shards WHERE ready_epoch = epoch") == 1_024
            }

            #expect(replica.executor.count("LEFT JOIN tenure.checkpoints") == 1, "all are loaded at once")
            // What is ready is said for many shards at a time; how many depends on the machine.
            #expect(replica.executor.statements < 200)
            #expect(replica.executor.count("SET ready_epoch") == replica.executor.statements - 1, "and that is all")
            #expect(try await database.texts(Self.versions) == before)

            let counts = exchange.counts
            #expect(counts.asked.count == 10_000 && Set(counts.asked).count == 10_000)
            #expect((2...StartGate.limit).contains(counts.mostAtOnce))
            // Of COIN0 to COIN9999, with two digits at least.
            let exposed = counts.asked.indices.filter {
                let name = counts.asked[$0].name
                return name.count > 5 && (name.hasSuffix("00") || name.hasSuffix("50"))
            }
            #expect(exposed.count == 199, "of COIN0 to COIN9999: x00 and xx50")
            // Tasks may be a little out of order.
            #expect(exposed.last.map { $0 < 199 + StartGate.limit } == true, "\(exposed.last ?? -1)")

            // A look at everything reads what has changed, and nothing else.
            let loaded = replica.executor.statements
            let stopped = try #require(
                try await database.number("SELECT id FROM tenure.strategies WHERE symbol = 'COIN78'")
            )
            try await fixture.setPaused(true, symbol: "COIN77", shard: nil)
            try await fixture.stop("COIN78", shard: nil)
            try await fixture.ends(stopped)
            #expect((3...8).contains(replica.executor.statements - loaded))
        }
    }

    /// Changes with every write to what a restore reads.
    private static let versions: PostgresStatement = """
        SELECT concat_ws(' ', (SELECT sum(xmin::text::bigint) FROM tenure.strategies),
            (SELECT sum(xmin::text::bigint) FROM tenure.checkpoints), (SELECT count(*) FROM tenure.orders),
            (SELECT count(*) FROM tenure.events WHERE strategy_id IS NOT NULL))
        """
}
