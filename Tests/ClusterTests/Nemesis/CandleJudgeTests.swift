import FoundationEssentials
import Hosting
import Store
import Strategies
import TestSupport
import Testing
import Trading

@testable import Nemesis

/// The judge of candles is shown runs that are as they should be, and runs that are not.
struct CandleJudgeTests {
    private static let config = JSONValue.object([
        "fast_period": .number(2), "slow_period": .number(4), "rsi_period": .number(2), "rsi_floor": .string("0"),
        "rsi_ceiling": .string("100"), "max_holding_candles": .number(4), "catch_up": .string("act"),
    ])
    private static let start = Timestamp(milliseconds: 1_700_000_000_000)

    private let candles: [Candle] = {
        var random = SeededGenerator(seed: 5, stream: 0)
        var price = 100_000
        return (0..<200).map { index in
            let open = price
            price += Int.random(in: -300...300, using: &random)
            let (low, high) = (FixedDecimal(min(open, price)), FixedDecimal(max(open, price)))
            return Candle(
                openTime: start + Int64(index) * 1_000,
                open: FixedDecimal(open),
                high: high,
                low: low,
                close: FixedDecimal(price),
                volume: .one
            )
        }
    }()

    /// A run as the database would have it, over the candles for which `isFed` holds.
    private func run(feeding isFed: (Int) -> Bool = { _ in true }) throws -> StoredRun {
        let mode = try #require(StrategyRegistry.builtIn.mode("scalp"))
        let strategy = try mode.make(config: Self.config)
        var run = StrategyRun(
            strategyID: 7,
            symbol: "SIM0001USDT",
            interval: .oneSecond,
            strategy: strategy,
            lastClosed: Self.start + Int64(strategy.warmUpCandles - 1) * 1_000,
            paper: .standard
        )
        let first = try run.checkpoint()
        var writes = [StoredRun.Write(cursor: first.cursor.milliseconds, candles: 0)]
        var orders: [String: StoredRun.Order] = [:]
        var fills: [String: StoredRun.BookedFill] = [:]
        for (index, candle) in candles.enumerated() where isFed(index) {
            let decisions = try run.close(candle, exchangeTime: candle.openTime + 1_000, barriers: [])
            for order in decisions.orders { orders[order.id] = StoredRun.Order(order) }
            for fill in decisions.fills {
                fills[fill.tradeID] = StoredRun.BookedFill(fill)
                orders[fill.orderID]?.status = "filled"
            }
            writes.append(.init(cursor: run.cursor.milliseconds, candles: try run.checkpoint().candles))
        }
        let last = try run.checkpoint()
        return StoredRun(
            id: 7,
            symbol: run.symbol,
            mode: "scalp",
            interval: run.interval,
            config: try mode.normalized(config: Self.config),
            isActive: true,
            isLive: false,
            first: first,
            writes: writes,
            state: last.state,
            position: last.position.quantity.int64 ?? -1,
            pnl: last.position.realizedPnL.int64 ?? -1,
            trades: last.position.tradesCount,
            orders: orders,
            fills: fills
        )
    }

    private func differences(_ run: StoredRun) throws -> [String] {
        var replay = try Replay(run)
        try replay.play(candles, to: candles[candles.count - 1].openTime.milliseconds)
        return try replay.differences()
    }

    @Test("an undisturbed run is as it should be")
    func undisturbed() throws {
        let run = try run()
        #expect(try run.contradictionOfCalendar() == nil)
        #expect(try differences(run).isEmpty)
        #expect(run.fills.count >= 10)
    }

    @Test("a candle that was skipped is found, by counting and by comparing")
    func skipped() throws {
        // Not long ago: averages forget.
        let run = try run { $0 != 190 }
        #expect(try run.contradictionOfCalendar()?.contains("skipped") == true)
        #expect(try !differences(run).isEmpty)
    }

    @Test("a candle that was repeated is found, and a step back")
    func repeated() throws {
        let good = try run()
        var counted = good.writes
        let last = counted[counted.count - 1]
        counted[counted.count - 1] = .init(cursor: last.cursor, candles: last.candles + 1)
        #expect(try good.with(writes: counted).contradictionOfCalendar()?.contains("repeated") == true)
        let back = good.writes + [good.writes[good.writes.count - 2]]
        #expect(try good.with(writes: back).contradictionOfCalendar()?.contains("went back") == true)
    }

    @Test("a fill that was lost or booked twice is found")
    func fills() throws {
        let good = try run()
        let some = try #require(good.fills.first)
        var fewer = good.fills
        fewer[some.key] = nil
        #expect(try differences(good.with(fills: fewer)).count == 1)
        var more = good.fills
        more["\(some.key)-again"] = some.value
        #expect(try differences(good.with(fills: more)).count == 1)
    }
}

extension StoredRun {
    fileprivate func with(writes: [Write]? = nil, fills: [String: BookedFill]? = nil) -> StoredRun {
        StoredRun(
            id: id,
            symbol: symbol,
            mode: mode,
            interval: interval,
            config: config,
            isActive: isActive,
            isLive: isLive,
            first: first,
            writes: writes ?? self.writes,
            state: state,
            position: position,
            pnl: pnl,
            trades: trades,
            orders: orders,
            fills: fills ?? self.fills
        )
    }
}
