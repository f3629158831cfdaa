import Coordination
import Postgres
import Store
import Strategies
import TestSupport
import Testing
import Trading

@testable import Hosting

@Suite("Hosting strategies", .serialized, .timeLimit(.minutes(5)))
struct StrategyHostTests {
    // MARK: Up and on

    @Test("a started strategy begins at the exchange's present, runs, and goes on candle by candle")
    func start() async throws {
        try await HostFixture.with(cues: [3: .buyOne, 6: .buyOne, 8: .sellEverything]) { fixture in
            let strategy = try await fixture.run()
            #expect(try await fixture.database.isReady())
            #expect(try await fixture.database.cursor(strategy) == HostFixture.time(4))
            for candle in 5...10 {
                try await fixture.market.advance()
                try await fixture.reaches(candle, strategy)
            }
            let outcome = try await fixture.database.outcome(strategy)
            // Candle 3 was before its time. Bought at the open of candle 7, sold at that of candle 9.
            #expect(outcome.orders.count == 2)
            #expect(outcome.progress == "\(HostFixture.time(10).milliseconds) 6 177320010 2")
            let log = fixture.replicas[0].log
            #expect(log.count("Saved strategy: BTCUSDT (puppet)") == 1)
            #expect(!log.all.contains { $0.contains("Restor") })
        }
    }

    @Test("an order is filled as soon as the next candle begins")
    func fillsAtTheOpen() async throws {
        try await HostFixture.with(cues: [5: .buyOne]) { fixture in
            let strategy = try await fixture.run()
            try await fixture.market.advance()
            // Candle 6 has not closed yet.
            try await eventually("it is filled") {
                try await fixture.database.outcome(strategy).fills.count == 1
            }
            #expect(try await fixture.database.cursor(strategy) == HostFixture.time(5))
        }
    }

    @Test("a strategy started in a shard that is owned already is found by a wake-up, or by looking at everything")
    func refresh() async throws {
        try await HostFixture.with(symbols: ["BTCUSDT", "ETHUSDT"]) { fixture in
            try await fixture.take([0, 1])
            let one = try await fixture.database.addStrategy("BTCUSDT", shard: 0)
            fixture.replicas[0].host.refresh(shard: 0)
            try await fixture.runs(one)
            let other = try await fixture.database.addStrategy("ETHUSDT", shard: 1)
            fixture.replicas[0].host.refresh(shard: nil)
            try await fixture.runs(other)
        }
    }

    // MARK: Moving

    @Test("another replica goes on from the checkpoint, and the first writes nothing more although nobody told it")
    func restore() async throws {
        try await HostFixture.with(cues: [6: .buyOne, 9: .sellEverything], replicas: 2) { fixture in
            let strategy = try await fixture.run()
            try await fixture.market.advance(2)
            try await fixture.reaches(6, strategy)
            try await fixture.take(by: 1)
            try await fixture.logs("✓ Restored strategy: BTCUSDT (puppet)", on: 1)
            try await eventually("its shard is ready") { try await fixture.database.isReady() }
            try await fixture.market.advance(4)
            try await fixture.reaches(10, strategy)
            try await fixture.logs("Another replica owns this strategy now; stopped here")
            let outcome = try await fixture.database.outcome(strategy)
            #expect(outcome.fills.count == 2)
            #expect(outcome.progress == "\(HostFixture.time(10).milliseconds) 6 277215015 2")
            #expect(fixture.replicas[1].log.count("Restoring 1 strategies") == 1)
            let status = try await fixture.database.texts(
                "SELECT concat_ws(' ', owner, epoch, restores) FROM tenure.active_strategies"
            )
            #expect(status == ["2 2 1"])
        }
    }

    @Test("after it was told to abandon a shard, a replica writes nothing, even while the database says it may")
    func abandon() async throws {
        try await HostFixture.with { fixture in
            let strategy = try await fixture.run()
            let token = FencingToken(shard: 0, owner: 1, epoch: 1)
            fixture.replicas[0].host.abandon([token])
            // Its runner has ended when this returns.
            _ = await fixture.replicas[0].host.settle([token])
            try await fixture.market.advance(3)
            #expect(try await fixture.database.cursor(strategy) == HostFixture.time(4))
        }
    }

    @Test("what is settled stands still, and goes on where it stood when it is brought up again under the same token")
    func settle() async throws {
        try await HostFixture.with(cues: [5: .buyOne, 7: .sellEverything]) { fixture in
            let strategy = try await fixture.run()
            try await fixture.market.advance()
            try await fixture.reaches(5, strategy)
            let host = fixture.replicas[0].host
            let chosen = [FencingToken(shard: 0, owner: 1, epoch: 1)]
            #expect(await host.settle(chosen) == chosen)
            let before = try await fixture.database.outcome(strategy)
            try await fixture.market.advance(2)
            #expect(await host.exposed().isEmpty)
            #expect(try await fixture.database.outcome(strategy) == before)
            host.bringUp([ShardClaim(token: chosen[0], strategies: 1)])
            try await fixture.market.advance()
            try await fixture.reaches(8, strategy)
            #expect(try await fixture.database.outcome(strategy).fills.count == 2)
        }
    }

    @Test("a shard with an open position is exposed")
    func exposed() async throws {
        try await HostFixture.with(cues: [5: .buyOne], symbols: ["BTCUSDT", "ETHUSDT"], replicas: 2) { fixture in
            let held = try await fixture.run("BTCUSDT", shard: 0)
            try await fixture.market.advance(2)
            try await fixture.reaches(6, held)
            _ = try await fixture.run("ETHUSDT", shard: 1)
            // Also right after a restore.
            try await fixture.take([0, 1], by: 1)
            try await fixture.logs("Restoring 2 strategies", on: 1)
            try await eventually("both are up") {
                fixture.replicas[1].log.all.count { $0.hasPrefix("✓") } == 2
            }
            #expect(await fixture.replicas[1].host.exposed() == [0])
        }
    }

    @Test("while it is suspended nothing is written; then everything is, once")
    func suspend() async throws {
        try await HostFixture.with(cues: [5: .buyOne, 8: .sellEverything]) { fixture in
            let strategy = try await fixture.run()
            let replica = fixture.replicas[0]
            replica.host.suspend()
            try await fixture.market.advance()
            try await eventually("a step waits") { replica.journal.waitingSteps == 1 }
            try await fixture.market.advance(4)
            #expect(try await fixture.database.cursor(strategy) == HostFixture.time(4))
            replica.host.resume()
            try await fixture.reaches(9, strategy)
            #expect(try await fixture.database.outcome(strategy).fills.count == 2)
        }
    }

    @Test("what was abandoned in the middle of a suspended step does not stand in the way of its next life")
    func abandonedWhileSuspended() async throws {
        try await HostFixture.with { fixture in
            let strategy = try await fixture.run()
            let replica = fixture.replicas[0]
            replica.host.suspend()
            try await fixture.market.advance()
            try await eventually("a step waits") { replica.journal.waitingSteps == 1 }
            replica.host.abandon([FencingToken(shard: 0, owner: 1, epoch: 1)])
            try await eventually("the step is given up") { replica.journal.waitingSteps == 0 }
            replica.host.resume()
            try await fixture.take()
            try await fixture.reaches(5, strategy)
        }
    }

    @Test("what happens is counted")
    func metrics() async throws {
        try await HostFixture.with(cues: [6: .buyOne, 8: .fail], replicas: 2) { fixture in
            let strategy = try await fixture.run()
            try await fixture.shows(#"tenure_strategies{status="running"} 1"#)
            for reason in ["crash", "drain", "rebalance", "vacant"] {
                try await fixture.shows(#"tenure_restores_total{reason="\#(reason)"} 0"#)
            }
            try await fixture.market.advance()
            try await fixture.reaches(5, strategy)
            try await fixture.shows("tenure_candle_lag_seconds_count 1")
            try await fixture.take(by: 1)
            try await fixture.shows(#"tenure_strategies{status="running"} 1"#, on: 1)
            try await fixture.shows(#"tenure_restores_total{reason="crash"} 1"#, on: 1)
            try await fixture.shows(#"tenure_failover_seconds_count{step="restore"} 1"#, on: 1)
            try await fixture.market.advance(2)
            try await fixture.shows(#"tenure_orders_total{status="intended"} 1"#, on: 1)
            try await fixture.shows("tenure_fenced_writes_total 1")
            try await fixture.shows(#"tenure_strategies{status="running"} 0"#)
            try await fixture.market.advance(2)
            try await fixture.shows(#"tenure_strategies{status="failed"} 1"#, on: 1)
            try await fixture.shows(#"tenure_strategies{status="running"} 0"#, on: 1)
            try await fixture.stop(by: 1)
            try await fixture.ends(strategy)
            try await fixture.shows(#"tenure_strategies{status="failed"} 0"#, on: 1)
        }
    }

    // MARK: What is wanted

    @Test(
        "a stop moves the strategy to the history, with its position or without",
        arguments: [StopPositions.keep, .close]
    )
    func stop(positions: StopPositions) async throws {
        try await HostFixture.with(cues: [5: .buyOne, 6: .buyOne]) { fixture in
            let strategy = try await fixture.run()
            try await fixture.market.advance(2)
            try await eventually("both are filled") {
                try await fixture.database.outcome(strategy).fills.count == 2
            }
            try await fixture.stop(positions: positions)
            try await fixture.ends(strategy)
            try await fixture.logs("Removed strategy: BTCUSDT (user_stopped)")
            let record = try await fixture.database.texts(
                "SELECT concat_ws(' ', reason, trades_count, position, pnl) FROM tenure.strategy_history"
            )
            switch positions {
            case .keep: #expect(record == ["user_stopped 2 2.00000000 -0.21301065"])
            // Bought at 106 and 107, sold at 107, the last close.
            case .close: #expect(record == ["user_stopped 3 0.00000000 0.55165005"])
            }
            try await fixture.market.advance(2)
            #expect(await fixture.replicas[0].host.exposed().isEmpty)
            let open = try await fixture.database.number("SELECT count(*) FROM tenure.orders WHERE status = 'intended'")
            #expect(open == 0)
        }
    }

    @Test("a stop that came before the strategy had begun, or while nobody ran it, is carried out by who takes it")
    func stopBeforeRunning() async throws {
        try await HostFixture.with(cues: [5: .buyOne], symbols: ["BTCUSDT", "ETHUSDT"], replicas: 2) { fixture in
            let held = try await fixture.run("BTCUSDT", shard: 0)
            try await fixture.market.advance(2)
            try await fixture.reaches(6, held)
            let unborn = try await fixture.database.addStrategy("ETHUSDT", shard: 1)
            fixture.replicas[0].host.abandon([FencingToken(shard: 0, owner: 1, epoch: 1)])
            try await fixture.stop("BTCUSDT", positions: .close, by: 1)
            try await fixture.stop("ETHUSDT", positions: .close, by: 1)
            try await fixture.take([0, 1], by: 1)
            try await fixture.ends(held)
            try await fixture.ends(unborn)
            let records = try await fixture.database.texts(
                "SELECT concat_ws(' ', trades_count, position) FROM tenure.strategy_history ORDER BY symbol"
            )
            #expect(records == ["2 0.00000000", "0 0.00000000"])
            try await eventually("both shards are ready") {
                let isReady = try await fixture.database.isReady(0)
                return try await fixture.database.isReady(1) && isReady
            }
            #expect(!fixture.replicas[1].log.all.contains { $0.hasPrefix("Restoring") })
        }
    }

    @Test("many wake-ups for one stop end it once")
    func stopOnce() async throws {
        try await HostFixture.with { fixture in
            let strategy = try await fixture.run()
            try await fixture.stop()
            for _ in 0..<20 { fixture.replicas[0].host.refresh(shard: Bool.random() ? 0 : nil) }
            try await fixture.ends(strategy)
            try await fixture.logs("Removed strategy: BTCUSDT (user_stopped)")
            // Another one of the same name.
            let next = try await fixture.database.addStrategy("BTCUSDT")
            fixture.replicas[0].host.refresh(shard: 0)
            try await fixture.runs(next)
            #expect(fixture.replicas[0].log.count("Removed strategy: BTCUSDT (user_stopped)") == 1)
        }
    }

    @Test("a paused strategy goes on through its candles without entries, until it is resumed")
    func pause() async throws {
        try await HostFixture.with(
            cues: [5: .buyOne, 6: .buyOne, 7: .sellEverything, 9: .buyOne],
            symbols: ["BTCUSDT", "ETHUSDT"]
        ) { fixture in
            let strategy = try await fixture.run()
            try await fixture.market.advance()
            try await fixture.reaches(5, strategy)
            try await fixture.setPaused(true)
            try await passThrough(fixture)
            try await fixture.market.advance(2)
            try await fixture.reaches(7, strategy)
            try await fixture.setPaused(false)
            try await passThrough(fixture)
            try await fixture.market.advance(4)
            try await fixture.reaches(11, strategy)
            let orders = try await fixture.database.texts(
                "SELECT concat_ws(' ', side, status, status_reason) FROM tenure.orders ORDER BY decided_on_ms"
            )
            #expect(orders == ["buy filled", "buy rejected paused: no new entries", "sell filled", "buy filled"])
        }
    }

    /// Returns when all wake-ups so far have been acted upon: a strategy that was added after them runs.
    private func passThrough(_ fixture: HostFixture) async throws {
        let strategy = try await fixture.database.addStrategy("ETHUSDT")
        fixture.replicas[0].host.refresh(shard: 0)
        try await fixture.runs(strategy)
        try await fixture.stop("ETHUSDT")
        try await fixture.ends(strategy)
    }
}
