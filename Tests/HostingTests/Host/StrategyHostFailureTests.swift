import Coordination
import Postgres
import Store
import Strategies
import TestSupport
import Testing
import Trading

@testable import Hosting

@Suite("Hosting strategies when something fails", .serialized, .timeLimit(.minutes(5)))
struct StrategyHostFailureTests {
    @Test("a strategy that throws is started again, then fails with its reason; its neighbours run on")
    func throwing() async throws {
        try await HostFixture.with(cues: [6: .fail], symbols: ["BTCUSDT"], replicas: 2) { fixture in
            let strategy = try await fixture.run()
            try await fixture.market.advance(2)
            try await eventually("it has failed") {
                try await fixture.database.status(strategy) == "failed"
            }
            let log = fixture.replicas[0].log
            #expect(log.count("The strategy failed; starting it again") == 4)
            #expect(log.count("Failed strategy: BTCUSDT (puppet)") == 1)
            let error = try await fixture.database.texts("SELECT last_error FROM tenure.active_strategies")
            #expect(error == ["Failure()"])
            #expect(try await fixture.database.cursor(strategy) == HostFixture.time(5))

            // Elsewhere it stays failed, and its shard is ready all the same.
            try await fixture.take(by: 1)
            try await eventually("its shard is ready") { try await fixture.database.isReady() }
            #expect(try await fixture.database.status(strategy) == "failed")
            // It can still be stopped.
            try await fixture.stop(by: 1)
            try await fixture.ends(strategy)
        }
    }

    @Test("one that has failed runs again when it is resumed, from where it stood")
    func resume() async throws {
        try await HostFixture.with(cues: [6: .buyOne, 8: .sellEverything], replicas: 2) { fixture in
            let strategy = try await fixture.run()
            try await fixture.market.advance()
            try await fixture.reaches(5, strategy)
            try await fixture.database.pool.query("UPDATE tenure.strategies SET strategy_type = 'momentum'")
            try await fixture.take(by: 1)
            try await eventually("it has failed") {
                try await fixture.database.status(strategy) == "failed"
            }
            // While nobody has mended it, it fails again.
            try await fixture.setPaused(false, by: 1)
            try await eventually("it has failed twice") {
                fixture.replicas[1].log.count("Failed strategy: BTCUSDT (momentum)") == 2
            }
            try await eventually("that is stored") {
                try await fixture.database.status(strategy) == "failed"
            }
            try await fixture.database.pool.query("UPDATE tenure.strategies SET strategy_type = 'puppet'")
            try await fixture.setPaused(false, by: 1)
            try await fixture.runs(strategy)
            #expect(
                try await fixture.database.texts("SELECT coalesce(last_error, '-') FROM tenure.strategies") == ["-"]
            )
            try await fixture.market.advance(4)
            try await fixture.reaches(9, strategy)
            #expect(try await fixture.database.outcome(strategy).fills.count == 2)
            try await fixture.shows(#"tenure_strategies{status="failed"} 0"#, on: 1)
        }
    }

    @Test("one that throws while its shard is being restored does not keep the shard from being ready")
    func throwingWhileRestored() async throws {
        try await HostFixture.with(cues: [6: .fail], symbols: ["BTCUSDT"], replicas: 2) { fixture in
            let strategy = try await fixture.run()
            _ = await fixture.replicas[0].host.settle([FencingToken(shard: 0, owner: 1, epoch: 1)])
            try await fixture.market.advance(3)
            try await fixture.take(by: 1)
            try await eventually("its shard is ready") { try await fixture.database.isReady() }
            #expect(try await fixture.database.status(strategy) == "failed")
        }
    }

    @Test("what cannot run says why, and its neighbours in the shard run")
    func misfits() async throws {
        try await HostFixture.with(symbols: ["BTCUSDT", "ETHUSDT"]) { fixture in
            let mode = try await fixture.database.addStrategy("AAAUSDT", mode: "momentum")
            let exchange = try await fixture.database.addStrategy("BTCUSDT", exchange: "mars")
            let market = try await fixture.database.addStrategy("NOSUCHUSDT")
            let config = try await fixture.database.addStrategy(
                "ETHUSDT",
                config: .object(["warm_up": .string("long")])
            )
            let interval = try await fixture.database.addStrategy("BBBUSDT")
            try await fixture.database.pool.query(
                "UPDATE tenure.strategies SET interval = '7m' WHERE id = \(interval)"
            )
            let sound = try await fixture.database.addStrategy("BTCUSDT")
            try await fixture.take()
            try await fixture.runs(sound)
            for (strategy, words) in [
                (mode, "does not know the mode \"momentum\""), (exchange, "not connected to the exchange \"mars\""),
                (market, "symbol"), (config, "warm_up"), (interval, "upgrade this replica"),
            ] {
                try await eventually("strategy \(strategy) has failed") {
                    try await fixture.database.status(strategy) == "failed"
                }
                let error = try await fixture.database.texts(
                    "SELECT last_error FROM tenure.active_strategies WHERE id = \(strategy)"
                )
                #expect(error.first?.contains(words) == true, "\(error)")
            }
            try await eventually("the shard is ready") { try await fixture.database.isReady() }
            // Each of them can be stopped.
            for symbol in ["AAAUSDT", "NOSUCHUSDT", "ETHUSDT", "BBBUSDT"] as [Symbol] { try await fixture.stop(symbol) }
            for strategy in [mode, market, config, interval] { try await fixture.ends(strategy) }
        }
    }

    @Test("the position of a strategy whose mode is gone is closed when it is stopped")
    func closingWithoutMode() async throws {
        try await HostFixture.with(cues: [5: .buyOne], replicas: 2) { fixture in
            let strategy = try await fixture.run()
            try await fixture.market.advance(2)
            try await fixture.reaches(6, strategy)
            try await fixture.database.pool.query("UPDATE tenure.strategies SET strategy_type = 'momentum'")
            try await fixture.take(by: 1)
            try await eventually("it has failed") {
                try await fixture.database.status(strategy) == "failed"
            }
            try await fixture.stop(positions: .close, by: 1)
            try await fixture.ends(strategy)
            let record = try await fixture.database.texts(
                "SELECT concat_ws(' ', trades_count, position) FROM tenure.strategy_history"
            )
            #expect(record == ["2 0.00000000"])
        }
    }

    @Test("an exchange that is away is waited for: at first, and in the middle")
    func exchangeAway() async throws {
        try await HostFixture.with(cues: [5: .buyOne]) { fixture in
            try await fixture.market.fail()
            let strategy = try await fixture.database.addStrategy("BTCUSDT")
            try await fixture.take(reason: "vacant")
            try await fixture.logs("The exchange does not answer; trying again")
            #expect(try await !fixture.database.isReady())
            try await fixture.market.recover()
            try await fixture.runs(strategy)

            try await fixture.market.fail()
            try await fixture.market.advance(3)
            try await fixture.market.recover()
            try await fixture.reaches(7, strategy)
            // Candle 5 was old when it came.
            #expect(try await fixture.database.outcome(strategy).orders.map { $0.hasSuffix("rejected") } == [true])
        }
    }

    @Test("a strategy that was deleted underneath ends quietly, and its shard does not wait for it")
    func deleted() async throws {
        try await HostFixture.with(symbols: ["BTCUSDT", "ETHUSDT"]) { fixture in
            let deleted = try await fixture.run()
            let other = try await fixture.database.addStrategy("ETHUSDT")
            fixture.replicas[0].host.refresh(shard: 0)
            try await fixture.runs(other)
            try await fixture.database.pool.query("DELETE FROM tenure.strategies WHERE id = \(deleted)")
            try await fixture.market.advance()
            try await fixture.logs("Another replica owns this strategy now; stopped here")
            try await fixture.reaches(5, other)

            // And before it is up: its exchange does not answer.
            try await fixture.market.fail()
            let unborn = try await fixture.database.addStrategy("BTCUSDT", shard: 1)
            try await fixture.take([1])
            try await fixture.logs("The exchange does not answer; trying again")
            try await fixture.database.pool.query("DELETE FROM tenure.strategies WHERE id = \(unborn)")
            try await fixture.market.recover()
            try await eventually("its shard is ready") { try await fixture.database.isReady(1) }
        }
    }

    @Test("what is stored is read again after a failure of the database")
    func databaseAway() async throws {
        try await HostFixture.with { fixture in
            let strategy = try await fixture.database.addStrategy("BTCUSDT")
            // The table is away for a while: no statement on it succeeds, for no passing reason.
            try await fixture.database.pool.query("ALTER TABLE tenure.checkpoints RENAME TO gone")
            try await fixture.take()
            try await fixture.logs("Strategies could not be loaded")
            try await fixture.database.pool.query("ALTER TABLE tenure.gone RENAME TO checkpoints")
            try await fixture.runs(strategy)
        }
    }
}
