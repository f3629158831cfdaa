import FoundationEssentials
import Store
import Strategies
import TestSupport
import Testing
import Trading

@testable import Hosting

@Suite("A run whose parameters change", .serialized, .timeLimit(.minutes(5)))
struct StrategyChangeTests {
    struct Course: Sendable, CustomTestStringConvertible {
        let mode: String
        let seed: UInt64
        var testDescription: String { "\(mode) over walk \(seed)" }

        static let all = StrategyRegistry.builtIn.modeNames.flatMap { mode in
            [1, 2, 3].map { Course(mode: mode, seed: $0) }
        }

        /// The parameters of each version; the first is what it starts with.
        var versions: [JSONValue] {
            let changes: [[String: JSONValue]] =
                mode == "scalp"
                ? [
                    [:], ["slow_period": .number(12), "take_profit_percent": .string("0.6")],
                    ["fast_period": .number(4), "max_holding_candles": .number(3)],
                    ["stop_loss_percent": .string("0.2")],
                ]
                : [
                    [:], ["entry_period": .number(4)], ["exit_period": .number(2), "stop_ranges": .string("1")],
                    ["atr_period": .number(3), "quote_amount": .string("55")],
                ]
            var config = RunFixture.lively[mode] ?? [:]
            config["catch_up"] = .string("act")
            return changes.map { change in
                config.merge(change) { $1 }
                return .object(config)
            }
        }
    }

    /// Before which candle it is first told of each version after the first; two come together.
    private static let changes = [220: 2, 261: 3, 330: 4]
    private static let warmUp = 200

    private func wanted(before index: Int) -> Int {
        Self.changes.filter { $0.key <= index }.map(\.value).max() ?? 1
    }

    private func fixture(_ course: Course) throws -> RunFixture {
        var fixture = try RunFixture(course.mode)
        fixture.config = course.versions[0]
        return fixture
    }

    /// As the owner does it: to the newest version, before the next candle.
    private func change(_ run: inout StrategyRun, before index: Int, _ course: Course, _ candles: [Candle]) throws
        -> Bool
    {
        let version = wanted(before: index)
        guard run.version < version else { return false }
        let mode = try #require(RunFixture.registry.mode(course.mode))
        let strategy = try mode.make(config: course.versions[version - 1])
        let history = Array(candles[max(0, index - strategy.warmUpCandles)..<index])
        try run.change(to: strategy, version: Int64(version), history: history)
        return true
    }

    private func undisturbed(_ course: Course, _ candles: [Candle], changing: Bool = true) throws -> Ledger {
        let fixture = try fixture(course)
        var ledger = Ledger()
        var run = try fixture.run(lastClosed: candles[Self.warmUp].openTime)
        for (index, candle) in candles.enumerated() {
            if changing, try change(&run, before: index, course, candles) {
                ledger.commit(.init(), try run.checkpoint())
            }
            let time = candle.closeTime(fixture.interval)
            ledger.commit(try run.close(candle, exchangeTime: time, barriers: []), try run.checkpoint())
        }
        return ledger
    }

    @Test("ends the same wherever it is interrupted and restored", arguments: Course.all)
    func interrupted(course: Course) throws {
        let candles = Candles.randomWalk(count: 400, seed: course.seed)
        let fixture = try fixture(course)
        let expected = try undisturbed(course, candles)
        #expect(expected.fills.count > 10, "nothing to compare")
        #expect(try expected.fills != undisturbed(course, candles, changing: false).fills, "nothing has changed")
        for seed in 0..<6 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var ledger = Ledger()
            var run = try fixture.run(lastClosed: candles[Self.warmUp].openTime)
            ledger.commit(.init(), try run.checkpoint())
            var index = 0
            while index < candles.count {
                // Killed before the change is committed, or after it, or in the candle that follows, likewise.
                let isChanged = try change(&run, before: index, course, candles)
                let fate = Int.random(in: 0..<8, using: &random)
                if isChanged, fate > 1 { ledger.commit(.init(), try run.checkpoint()) }
                if fate < 4 {
                    run = try fixture.restored(try #require(ledger.checkpoint))
                    if isChanged, fate <= 1 { continue }
                }
                let candle = candles[index]
                let time = candle.closeTime(fixture.interval)
                let decisions = try run.close(candle, exchangeTime: time, barriers: [])
                if Int.random(in: 0..<10, using: &random) == 0 {
                    run = try fixture.restored(try #require(ledger.checkpoint))
                    continue
                }
                ledger.commit(decisions, try run.checkpoint())
                index += 1
            }
            #expect(ledger == expected, "seed \(seed)")
        }
    }

    @Test("keeps all but its opinion: position, orders, fills, limits, cursor", arguments: Course.all)
    func keeps(course: Course) throws {
        let candles = Candles.randomWalk(count: 400, seed: course.seed)
        let fixture = try fixture(course)
        var run = try fixture.run(lastClosed: candles[Self.warmUp].openTime)
        var (held, pending) = (0, 0)
        for (index, candle) in candles.enumerated() {
            _ = try run.close(candle, exchangeTime: candle.closeTime(fixture.interval), barriers: [])
            guard index > Self.warmUp + 20 else { continue }
            var changed = run
            _ = try change(&changed, before: index + 1, course, candles)
            let (before, after) = (try run.checkpoint(), try changed.checkpoint())
            #expect((after.cursor, after.candles, after.lastPrice) == (before.cursor, before.candles, before.lastPrice))
            #expect(after.position == before.position)
            #expect((after.exposure, after.day) == (before.exposure, before.day))
            var (old, new) = (try RunState(text: before.state), try RunState(text: after.state))
            if changed.version != run.version { #expect(old.strategy != new.strategy) }
            (old.strategy, new.strategy) = ("", "")
            #expect(old == new)
            held += run.hasOpenPosition ? 1 : 0
            pending += old.pending.isEmpty ? 0 : 1
        }
        #expect(held > 5 && pending > 2, "nothing was kept")
    }
}
