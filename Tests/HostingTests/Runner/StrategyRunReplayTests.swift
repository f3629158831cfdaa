import Store
import Strategies
import TestSupport
import Testing
import Trading

@testable import Hosting

@Suite("A disturbed run and an undisturbed one", .serialized, .timeLimit(.minutes(5)))
struct StrategyRunReplayTests {
    /// A market to run over; each mode does it with settings that make it trade, and with its defaults.
    struct Course: Sendable, CustomTestStringConvertible {
        let mode: String
        let isLively: Bool
        let seed: UInt64?

        var testDescription: String {
            "\(mode) (\(isLively ? "lively" : "defaults")) over " + (seed.map { "walk \($0)" } ?? "BTCUSDT-5m")
        }

        func candles() throws -> [Candle] {
            try seed.map { Candles.randomWalk(count: 400, seed: $0) } ?? Candles.recorded("BTCUSDT-5m")
        }

        func fixture() throws -> RunFixture {
            var config = isLively ? RunFixture.lively[mode] ?? [:] : [:]
            // Deciding on late candles too, so that what is read again is decided again.
            config["catch_up"] = .string("act")
            return try RunFixture(mode, config)
        }

        static let all: [Course] = StrategyRegistry.builtIn.modeNames.flatMap { mode in
            [true, false].flatMap { isLively in
                (isLively ? [1, 2] : [3]).map { Course(mode: mode, isLively: isLively, seed: $0) }
                    + (Candles.areRecorded ? [Course(mode: mode, isLively: isLively, seed: nil)] : [])
            }
        }
    }

    static let warmUp = 200

    /// Every candle once, at its close.
    private func undisturbed(_ fixture: RunFixture, _ candles: [Candle]) throws -> Ledger {
        var ledger = Ledger()
        var run = try fixture.run(lastClosed: candles[Self.warmUp].openTime)
        for candle in candles {
            let time = candle.openTime + fixture.interval.milliseconds
            let decisions = try run.close(candle, exchangeTime: time, barriers: [])
            if !decisions.isEmpty { ledger.commit(decisions, try run.checkpoint()) }
        }
        ledger.commit(.init(), try run.checkpoint())
        return ledger
    }

    @Test("end the same when every event is followed by a restore", arguments: Course.all)
    func restoredAlways(course: Course) throws {
        let (fixture, candles) = (try course.fixture(), try course.candles())
        let expected = try undisturbed(fixture, candles)
        if course.isLively { #expect(expected.fills.count > 10, "nothing to compare") }

        var ledger = Ledger()
        var run = try fixture.run(lastClosed: candles[Self.warmUp].openTime)
        for candle in candles {
            for decisions in [
                try run.begin(candle.atItsOpen, barriers: []),
                try run.close(candle, exchangeTime: candle.openTime + fixture.interval.milliseconds, barriers: []),
            ] {
                ledger.commit(decisions, try run.checkpoint())
                run = try fixture.restored(try #require(ledger.checkpoint))
            }
        }
        #expect(ledger == expected)
    }

    @Test("end the same whatever is repeated, skipped, begun, lost and read again", arguments: Course.all)
    func shaken(course: Course) throws {
        let (fixture, candles) = (try course.fixture(), try course.candles())
        let expected = try undisturbed(fixture, candles)
        for seed in 0..<(course.isLively ? 4 : 1) as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var ledger = Ledger()
            var run = try fixture.run(lastClosed: candles[Self.warmUp].openTime)
            ledger.commit(.init(), try run.checkpoint())
            var index = 0
            while index < candles.count {
                let candle = candles[index]
                // Told at its close, or long after.
                let time = candle.openTime + fixture.interval.milliseconds * Int64.random(in: 1...40, using: &random)
                var isDue = false
                if Int.random(in: 0..<3, using: &random) == 0 {
                    for _ in 0...Int.random(in: 0...2, using: &random) {
                        let decisions = try run.begin(candle.atItsOpen, barriers: [])
                        if !decisions.isEmpty { ledger.commit(decisions, try run.checkpoint()) }
                    }
                }
                if Int.random(in: 0..<10, using: &random) == 0 {
                    // Old ones again.
                    for old in candles[max(0, index - 5)..<index] {
                        #expect(try run.close(old, exchangeTime: time, barriers: []).isEmpty)
                        #expect(try run.begin(old, barriers: []).isEmpty)
                    }
                }
                let decisions = try run.close(candle, exchangeTime: time, barriers: [])
                isDue = !run.isCatchUp(candle, exchangeTime: time) || !decisions.isEmpty
                switch Int.random(in: 0..<20, using: &random) {
                case 0:
                    // Killed before the commit.
                    run = try fixture.restored(try #require(ledger.checkpoint))
                    index = try #require(candles.firstIndex { $0.openTime > run.cursor })
                    continue
                case 1:
                    // Killed after it, before anybody heard of it.
                    ledger.commit(decisions, try run.checkpoint())
                    run = try fixture.restored(try #require(ledger.checkpoint))
                default:
                    if isDue { ledger.commit(decisions, try run.checkpoint()) }
                }
                index += 1
            }
            ledger.commit(.init(), try run.checkpoint())
            #expect(ledger == expected, "seed \(seed)")
        }
    }
}
