import Coordination
import LocalCluster
import Postgres
import Store
import Synchronization
import TestSupport
import Testing
import Trading

@testable import Hosting

@Suite("Strategies that kill their hosts", .serialized, .timeLimit(.minutes(5)))
struct PoisonTests {
    private static let trials = TrialPolicy(after: 3, duration: .milliseconds(100))

    // MARK: In this process

    @Test("the third adoption from a crash puts a shard's strategies on trial; they run, and are trusted again")
    func trial() async throws {
        try await HostFixture.with(symbols: ["BTCUSDT", "ETHUSDT"], replicas: 2, trials: Self.trials) { fixture in
            let first = try await fixture.run("BTCUSDT")
            let second = try await fixture.database.addStrategy("ETHUSDT")
            fixture.replicas[0].host.refresh(shard: 0)
            try await fixture.runs(second)
            for (turn, index) in [1, 0, 1].enumerated() {
                #expect(!fixture.replicas[index].log.all.contains { $0.hasPrefix("On trial") })
                try await fixture.take(by: index)
                try await eventually("its shard is ready") {
                    try await fixture.database.isReady()
                }
                #expect(try await fixture.database.status(first) == "running", "turn \(turn)")
            }
            #expect(fixture.replicas[1].log.all.contains { $0.hasPrefix("On trial") })
            try await eventually("they are trusted") {
                try await fixture.database.number(
                    "SELECT count(*) FROM tenure.strategies WHERE trial_epoch IS NOT NULL OR trial_width IS NOT NULL"
                ) == 0
            }
            try await fixture.market.advance()
            try await fixture.reaches(5, first)
            try await fixture.reaches(5, second)
        }
    }

    @Test("what cannot come up yet is not trusted for that")
    func trialWithoutExchange() async throws {
        try await HostFixture.with(replicas: 2, trials: Self.trials) { fixture in
            let strategy = try await fixture.run()
            for index in [1, 0] {
                try await fixture.take(by: index)
                try await fixture.runs(strategy)
            }
            let marks: PostgresStatement = "SELECT count(*) FROM tenure.strategies WHERE trial_epoch IS NOT NULL"
            try await fixture.market.fail()
            try await fixture.take(by: 1)
            try await eventually("it is on trial") {
                fixture.replicas[1].log.all.contains { $0.hasPrefix("On trial") }
            }
            // Nothing announces that nothing happens.
            try await Task.sleep(for: Self.trials.duration * 5)
            #expect(try await fixture.database.number(marks) == 1)
            try await fixture.market.recover()
            try await fixture.runs(strategy)
            try await eventually("it is trusted") { try await fixture.database.number(marks) == 0 }
        }
    }

    @Test(
        "whoever was alone on trial when its host died is quarantined; its neighbours run; a stop or a resume ends it"
    )
    func verdict() async throws {
        try await HostFixture.with(symbols: ["BTCUSDT", "ETHUSDT"], replicas: 2) { fixture in
            let culprit = try await fixture.run("BTCUSDT")
            let neighbour = try await fixture.database.addStrategy("ETHUSDT")
            try await fixture.database.pool.query(
                "UPDATE tenure.strategies SET trial_epoch = 1, trial_width = 1 WHERE id = \(culprit)"
            )
            try await fixture.take(by: 1)
            try await fixture.runs(neighbour)
            try await eventually("it is quarantined") {
                try await fixture.database.status(culprit) == "quarantined"
            }
            try await eventually("the shard is ready") { try await fixture.database.isReady() }
            try await fixture.shows(#"tenure_strategies{status="quarantined"} 1"#, on: 1)
            try await fixture.market.advance()
            try await fixture.reaches(5, neighbour)
            #expect(try await fixture.database.cursor(culprit) == HostFixture.time(4))
            let events = try await fixture.database.texts(
                "SELECT strategy_id || ' ' || replica_id FROM tenure.events WHERE kind = 'quarantined'"
            )
            #expect(events == ["\(culprit) 2"])
            let errors = try await fixture.database.texts(
                "SELECT last_error FROM tenure.strategies WHERE last_error IS NOT NULL"
            )
            #expect(errors.count == 1 && errors.first?.contains("brought up alone") == true)

            // Elsewhere it stays where it is.
            try await fixture.take(by: 0, reason: "handover")
            try await fixture.shows(#"tenure_strategies{status="quarantined"} 1"#)
            #expect(try await fixture.database.status(culprit) == "quarantined")
            // An operator has it run again.
            try await fixture.setPaused(false)
            try await fixture.runs(culprit)
            try await fixture.reaches(5, culprit)
            try await fixture.shows(#"tenure_strategies{status="quarantined"} 0"#)

            try await fixture.database.pool.query(
                "UPDATE tenure.strategies SET trial_epoch = 3, trial_width = 1 WHERE id = \(culprit)"
            )
            try await fixture.take(by: 1)
            try await eventually("it is quarantined again") {
                try await fixture.database.status(culprit) == "quarantined"
            }
            try await fixture.stop(by: 1)
            try await fixture.ends(culprit)
        }
    }

    @Test("one that was on trial when its shard was handed over is innocent, and so is one among several")
    func innocent() async throws {
        try await HostFixture.with(symbols: ["BTCUSDT", "ETHUSDT"], replicas: 2) { fixture in
            let moved = try await fixture.run("BTCUSDT", shard: 0)
            let other = try await fixture.run("ETHUSDT", shard: 1)
            try await fixture.database.pool.query(
                "UPDATE tenure.strategies SET trial_epoch = 1, trial_width = shard + 1"
            )
            try await fixture.take([0], by: 1, reason: "handover")
            try await fixture.take([1], by: 1)
            try await fixture.market.advance()
            try await fixture.reaches(5, moved)
            try await fixture.reaches(5, other)
            try await eventually("both are up") {
                fixture.replicas[1].log.all.count { $0.hasPrefix("✓") } == 2
            }
        }
    }

    // MARK: Real processes

    @Test("processes that a strategy really kills: in the end it alone is quarantined, and the others run on")
    func processes() async throws {
        let symbols: [Symbol] = ["BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT"]
        let candles = Dictionary(uniqueKeysWithValues: symbols.map { ($0, self.candles(deadly: $0 == symbols[0])) })
        try await SteppedMarket.with(candles, history: HostFixture.history) { market in
            try await withTestDatabase { url in
                try await HostingDatabase.with(url) { database in
                    // The first two share a shard.
                    var ids: [Int64] = []
                    for (index, symbol) in symbols.enumerated() {
                        ids.append(try await database.addStrategy(symbol, mode: "suspect", shard: max(0, index - 1)))
                    }
                    try await withReplicas(url, market.port) { deaths in
                        try await judge(database, market, ids, deaths)
                    }
                }
            }
        }
    }

    private func judge(
        _ database: HostingDatabase,
        _ market: SteppedMarket,
        _ ids: [Int64],
        _ deaths: () -> Int
    ) async throws {
        for id in ids {
            try await eventually("\(id) runs") { try await database.status(id) == "running" }
        }
        #expect(deaths() == 0)
        // Candle 6 is deadly.
        try await market.advance(2)
        try await eventually(within: .seconds(240), "the culprit is quarantined") {
            try await database.status(ids[0]) == "quarantined"
        }
        for id in ids.dropFirst() {
            try await eventually("\(id) runs") { try await database.status(id) == "running" }
        }
        let before = deaths()
        #expect(before >= TrialPolicy.standard.crashes + 1)
        try await market.advance(2)
        for id in ids.dropFirst() {
            try await eventually("\(id) goes on") {
                try await database.cursor(id) == HostFixture.time(8)
            }
        }
        #expect(deaths() == before)
        let quarantined = try await database.texts(
            "SELECT strategy_id::text FROM tenure.events WHERE kind = 'quarantined'"
        )
        #expect(quarantined == ["\(ids[0])"])
    }

    private func candles(deadly: Bool) -> [Candle] {
        (0..<20).map { index in
            Candle(
                openTime: HostFixture.time(index),
                open: "100",
                high: "101",
                low: "99",
                close: "100",
                volume: deadly && index == 6 ? "666" : "1"
            )
        }
    }

    /// Two replicas, each started again whenever it dies.
    private func withReplicas(
        _ url: String,
        _ port: Int,
        _ body: (_ deaths: () -> Int) async throws -> Void
    ) async throws {
        let program = try builtExecutable("SuspectReplica")
        let deaths = Deaths()
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            for name in ["a", "b"] {
                group.addTask {
                    while !Task.isCancelled {
                        let child = try ChildProcess(
                            ChildProcessConfiguration(program: program, arguments: [name, url, "\(port)", "200"])
                        )
                        do {
                            _ = try await child.waitForExit()
                            deaths.count.withLock { $0 += 1 }
                        } catch {
                            await child.end(.kill)
                            throw error
                        }
                    }
                }
            }
            try await body { deaths.count.withLock { $0 } }
        }
    }

    private final class Deaths: Sendable {
        let count = Mutex(0)
    }
}
