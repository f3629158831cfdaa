import FoundationEssentials
import HTTPAPI
import Hosting
import Store
import Strategies
import TestSupport
import Testing
import Trading

@testable import tenure

/// What a replay says of a run.
struct ReplayLedgerTests {
    private static let interval = Interval.oneMinute

    /// A market that goes up and down.
    private static func candles(_ count: Int, seed: UInt64) -> [Candle] {
        var random = SeededGenerator(seed: seed)
        var price = 10_000
        return (0..<count).map { index in
            let open = price
            price += Int.random(in: -60...60, using: &random)
            return Candle(
                openTime: Timestamp(milliseconds: 1_744_431_600_000 + Int64(index) * 60_000),
                open: FixedDecimal(open),
                high: FixedDecimal(max(open, price)),
                low: FixedDecimal(min(open, price)),
                close: FixedDecimal(price),
                volume: "1"
            )
        }
    }

    private func order(_ config: JSONValue) -> StartOrder {
        StartOrder(
            symbol: "BTCUSDT",
            exchange: "binance",
            strategyType: "scalp",
            interval: Self.interval,
            execution: .paper,
            config: config
        )
    }

    @Test("its sums are those of the run itself, candle by candle", arguments: 1...4 as ClosedRange<UInt64>)
    func sums(seed: UInt64) async throws {
        let mode = try #require(StrategyRegistry.builtIn.mode("scalp"))
        let config = try mode.normalized(
            config: .object(["fast_period": .number(3), "slow_period": .number(8), "rsi_ceiling": .string("95")])
        )
        let strategy = try mode.make(config: config)
        let count = 700
        let candles = Self.candles(count + strategy.warmUpCandles, seed: seed)
        let report = try await ModeReplays.run(order(config), strategy, over: candles, count)

        var run = StrategyRun(
            strategyID: 99,
            symbol: "BTCUSDT",
            interval: Self.interval,
            strategy: strategy,
            lastClosed: candles[strategy.warmUpCandles - 1].openTime,
            paper: .standard
        )
        var equity: [FixedDecimal] = []
        var fills: [Fill] = []
        for candle in candles {
            let decisions = try run.close(candle, exchangeTime: candle.closeTime(Self.interval), barriers: [])
            fills += decisions.fills
            equity.append(run.position.realizedPnL + run.position.unrealizedPnL(at: candle.close))
        }
        equity.removeFirst(strategy.warmUpCandles)
        #expect(report.trades.count > 10, "nothing to compare")
        #expect(report.candles == count)
        #expect(report.from == candles[strategy.warmUpCandles].openTime)
        #expect(report.to == candles.last.map { $0.openTime + Self.interval.milliseconds })
        #expect(report.pnl == equity.last)
        #expect(report.fees == run.position.fees)
        #expect(report.trades.count == fills.count { $0.side == .sell })
        #expect(report.wins == report.trades.count { $0.pnl.isPositive })
        if run.position.isFlat {
            #expect(report.trades.reduce(FixedDecimal.zero) { $0 + $1.pnl } == run.position.realizedPnL)
            #expect(report.trades.reduce(FixedDecimal.zero) { $0 + $1.fees } == run.position.fees)
        }
        var peak = FixedDecimal.zero
        var drawdown = FixedDecimal.zero
        for value in equity {
            peak = max(peak, value)
            drawdown = max(drawdown, peak - value)
        }
        #expect(report.maxDrawdown == drawdown)
        #expect(report.equity.count <= ReplayReport.mostPoints && report.equity.count > 300)
        #expect(report.equity.last?.value == equity.last)
        let entry = try #require(fills.first)
        let first = candles[strategy.warmUpCandles].open
        let last = try #require(candles.last).close
        let growth = (last.doubleValue * 0.99995) / (first.doubleValue * 1.00005)
        let spent = entry.price.doubleValue * entry.quantity.doubleValue
        let held = spent * growth * 0.999 - spent * 1.001
        #expect(abs(try #require(report.buyAndHold).doubleValue - held) < 0.001)
    }

    @Test("a market without candles, and a strategy that never enters, are told as such")
    func nothing() async throws {
        let mode = try #require(StrategyRegistry.builtIn.mode("scalp"))
        let config = try mode.normalized(config: nil)
        let strategy = try mode.make(config: config)
        #expect(try await ModeReplays.run(order(config), strategy, over: [], 100) == ReplayReport())
        let report = try await ModeReplays.run(order(config), strategy, over: Self.candles(15, seed: 1), 100)
        #expect(report.candles == 15 && report.trades.isEmpty && report.pnl.isZero && report.buyAndHold == nil)
        #expect(report.equity.count == 15)
    }
}
