import Coordination
import Observability
import Postgres
import Store
import TestSupport
import Testing
import Trading

@testable import Hosting

@Suite("Restoring ten thousand strategies", .timeLimit(.minutes(5)))
struct RestoreTests {
    @Test("a few statements, nothing written, the exposed ones first, and never too many at once")
    func tenThousand() async throws {
        let exchange = QuietExchange()
        try await HostFixture.with(exchange) { fixture in
            let (database, replica) = (fixture.database, fixture.replicas[0])
            let run = try RunFixture().run(lastClosed: Candles.start).checkpoint()
            try await database.addStrategies(10_000, state: run.state, exposed: true)
            let before = try await database.texts(Self.versions)
            try await database.pool.withConnection { claimant in
                try await fixture.take(Array(0..<1_024))
                // No shard can be marked as ready meanwhile, so that what is ready gathers.
                try await claimant.query("BEGIN")
                try await claimant.query("SELECT id FROM tenure.shards FOR UPDATE")
                try await Self.exposedFirst(exchange, replica)
                exchange.letAllGo()
                try await eventually(within: .seconds(240), "all are up") {
                    replica.metrics.render().contains("tenure_strategies{status=\"running\"} 10000\n")
                }
                #expect(try await database.number("SELECT count(*) FROM tenure.shards WHERE ready_epoch = epoch") == 0)
                try await claimant.query("ROLLBACK")
            }
            try await eventually("every shard is ready") {
                try await database.number("SELECT count(*) FROM tenure.shards WHERE ready_epoch = epoch") == 1_024
            }

            let executor = replica.executor
            // One may be under way.
            try await eventually("one load, two marks, six rehearsed commits, no more") {
                let rehearsals = executor.count("DISCARD PLANS")
                return executor.count("LEFT JOIN tenure.checkpoints") == rehearsals + 1
                    && executor.count("SET ready_epoch") == rehearsals + 2
                    && executor.statements == 3 * rehearsals + 3 + 6
            }
            #expect(try await database.texts(Self.versions) == before)

            let counts = exchange.counts
            #expect(counts.asked.count == 10_000 && Set(counts.asked).count == 10_000)
            #expect(counts.mostAtOnce == StartGate.limit)

            // A look at everything reads what has changed, and nothing else.
            func statements() -> Int { executor.statements - 3 * executor.count("DISCARD PLANS") }
            let loaded = statements()
            let stopped = try #require(
                try await database.number("SELECT id FROM tenure.strategies WHERE symbol = 'COIN78'")
            )
            try await fixture.setPaused(true, symbol: "COIN77", shard: nil)
            try await fixture.stop("COIN78", shard: nil)
            try await fixture.ends(stopped)
            #expect((1...8).contains(statements() - loaded))
        }
    }

    /// When all have come to the gate, and as many are inside as it lets in, those with something at stake are next.
    private static func exposedFirst(_ exchange: QuietExchange, _ replica: HostFixture.Replica) async throws {
        let gate = try #require(replica.host.services.starts[exchange.name])
        try await eventually(within: .seconds(120), "all have come") {
            gate.waiting == 10_000 - StartGate.limit && exchange.counts.asked.count == StartGate.limit
        }
        let left = 199 - exchange.counts.asked.count(where: isExposed)
        for number in 0..<left {
            exchange.letOneGo()
            try await eventually("the next asks") { exchange.counts.asked.count == StartGate.limit + number + 1 }
        }
        #expect(exchange.counts.asked.dropFirst(StartGate.limit).allSatisfy(isExposed))
    }

    /// Of COIN0 to COIN9999, x00 and xx50: 199 of them.
    private static func isExposed(_ symbol: Symbol) -> Bool {
        symbol.name.count > 5 && (symbol.name.hasSuffix("00") || symbol.name.hasSuffix("50"))
    }

    /// Changes with every write to what a restore reads.
    private static let versions: PostgresStatement = """
        SELECT concat_ws(' ', (SELECT sum(xmin::text::bigint) FROM tenure.strategies),
            (SELECT sum(xmin::text::bigint) FROM tenure.checkpoints), (SELECT count(*) FROM tenure.orders),
            (SELECT count(*) FROM tenure.events WHERE strategy_id IS NOT NULL))
        """
}
