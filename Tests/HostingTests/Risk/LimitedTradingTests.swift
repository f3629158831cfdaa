import Postgres
import Store
import TestSupport
import Testing
import Trading

@testable import Hosting

@Suite("Trading within limits", .timeLimit(.minutes(5)))
struct LimitedTradingTests {
    @Test("entries beyond a limit are refused, exits leave, and the limit is told", arguments: Execution.allCases)
    func position(_ execution: Execution) async throws {
        // Candle n closes at 101 + n.
        let cues: [Int: Puppet.Cue] = [5: .buyOne, 6: .buyOne, 7: .buyOne, 8: .sellEverything, 10: .buyOne]
        try await HostFixture.with(cues: cues, trades: true) { fixture in
            let strategy = try await fixture.database.addStrategy("BTCUSDT", execution: execution)
            try await fixture.database.pool.query(
                #"UPDATE tenure.strategies SET limits = '{"position_value": "150.5", "orders_per_minute": 50}'"#
            )
            try await fixture.take(reason: "vacant")
            try await fixture.runs(strategy)
            for candle in 5...11 {
                try await fixture.market.advance()
                try await fixture.reaches(candle, strategy)
                try await eventually("nothing is under way") {
                    try await fixture.database.number(
                        "SELECT count(*) FROM tenure.orders WHERE status = 'intended' AND execution = 'live'"
                    ) == 0
                }
                guard candle == 7 else { continue }
                let reached = try await fixture.database.texts("SELECT limit_reached FROM tenure.checkpoints")
                #expect(reached == ["position_value"])
            }
            let statuses = "SELECT concat_ws(' ', side, status) FROM tenure.orders ORDER BY decided_on_ms"
            let expected = ["buy filled", "buy rejected", "buy rejected", "sell filled", "buy filled"]
            try await eventually("the last one is filled") {
                try await fixture.database.texts("\(raw: statuses)") == expected
            }
            let reasons = try await fixture.database.texts(
                "SELECT status_reason FROM tenure.orders WHERE status = 'rejected'"
            )
            #expect(reasons.allSatisfy { $0.hasPrefix("limit position_value: a position of 21") }, "\(reasons)")
            let events = try await fixture.database.texts(
                "SELECT details ->> 'limit' FROM tenure.events WHERE kind = 'limit_reached'"
            )
            #expect(events == ["position_value"], "told once")
            let over = try await fixture.database.number(
                "SELECT count(*) FROM tenure.checkpoints WHERE limit_reached IS NULL AND day_ms = 1744416000000"
            )
            #expect(over == 1)
        }
    }

    @Test("strategies of different replicas together hold no more than the cluster may", arguments: Execution.allCases)
    func exposure(_ execution: Execution) async throws {
        let symbols: [Symbol] = ["BTCUSDT", "ETHUSDT"]
        let cues: [Int: Puppet.Cue] = [5: .buyOne, 7: .sellEverything, 8: .buyOne]
        try await HostFixture.with(cues: cues, symbols: symbols, replicas: 2, trades: true) { fixture in
            try await LimitRepository(database: fixture.database.pool).limitExposure(execution, to: "150", by: nil)
            var strategies: [Int64] = []
            for (index, symbol) in symbols.enumerated() {
                strategies.append(try await fixture.database.addStrategy(symbol, execution: execution, shard: index))
                try await fixture.take([index], by: index, reason: "vacant")
                try await fixture.runs(strategies[index])
            }
            for candle in 5...9 {
                try await fixture.market.advance()
                for strategy in strategies { try await fixture.reaches(candle, strategy) }
                try await eventually("nothing is under way") {
                    try await fixture.database.number(
                        "SELECT count(*) FROM tenure.orders WHERE status = 'intended' AND execution = 'live'"
                    ) == 0
                }
            }
            // Each time both want to buy, and there is room for one.
            let statuses = try await fixture.database.texts(
                """
                SELECT string_agg(concat_ws(' ', side, status), ', ' ORDER BY status, side) FROM tenure.orders
                GROUP BY decided_on_ms ORDER BY decided_on_ms
                """
            )
            let one = "buy filled, buy rejected"
            #expect(statuses.first == one && statuses.last == one, "\(statuses)")
            let reasons = try await fixture.database.texts(
                "SELECT DISTINCT split_part(status_reason, ':', 1) FROM tenure.orders WHERE side = 'buy' AND status = 'rejected'"
            )
            #expect(reasons == ["limit exposure"])
            #expect(
                try await fixture.database.texts(
                    "SELECT DISTINCT details ->> 'limit' FROM tenure.events WHERE kind = 'limit_reached'"
                ) == ["exposure"]
            )
            if execution == .live {
                #expect(try await fixture.market.received().map(\.side) == ["BUY", "SELL", "BUY"])
            }
        }
    }

    @Test("refusals are the same wherever the run is interrupted, over days")
    func interrupted() throws {
        var fixture = try RunFixture()
        fixture.interval = .oneHour
        fixture.limits = RiskLimits(orderValue: "250", positionValue: "400", dailyLoss: "20", ordersPerMinute: 1)
        var random = SeededGenerator(seed: 11)
        let hour = Interval.oneHour.milliseconds
        let start = Timestamp(milliseconds: 1_744_416_000_000)
        let cues: [Puppet.Cue] = [.nothing, .buyOne, .buyTwice, .sellEverything]
        let candles = (1...400).map { index in
            let price = FixedDecimal(80 + Int.random(in: 0...90, using: &random))
            return Candle(
                openTime: start + Int64(index) * hour,
                open: price,
                high: price,
                low: price,
                close: price,
                volume: cues[Int.random(in: 0..<4, using: &random)].volume
            )
        }
        var whole = try fixture.run(lastClosed: start)
        var cut = whole
        var refused: [String: Int] = [:]
        for candle in candles {
            let time = candle.openTime + hour
            let decisions = try whole.close(candle, exchangeTime: time, barriers: [])
            if random.chance(50) { cut = try fixture.restored(try cut.checkpoint()) }
            var parts = random.chance(50) ? try cut.begin(candle, barriers: []) : StrategyRun.Decisions()
            let rest = try cut.close(candle, exchangeTime: time, barriers: [])
            parts.orders += rest.orders
            #expect(parts.orders == decisions.orders)
            #expect(try cut.checkpoint() == whole.checkpoint())
            for order in decisions.orders where order.status == .rejected {
                let limit = order.statusReason?.split(separator: ":").first.map(String.init) ?? ""
                refused[limit, default: 0] += 1
                #expect(order.intent.effect == .entry || limit == "quantity", "an exit was refused: \(limit)")
            }
        }
        for limit in RiskMonitor.Limit.allCases where limit != .exposure {
            #expect(refused["limit \(limit.rawValue)", default: 0] > 0, "\(limit) was never reached: \(refused)")
        }
    }
}
