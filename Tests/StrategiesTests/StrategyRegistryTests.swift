import FoundationEssentials
import Strategies
import Testing
import Trading

/// Only what is public: a strategy as a user would write it.
struct StrategyRegistryTests {
    private struct Countdown: Strategy {
        struct Settings: StrategyParameters {
            let candles: Int
            let isLoud: Bool

            static let schema = ParameterSchema(
                [
                    .integer("candles", default: 3, in: 1...10, description: "Candles until it buys."),
                    .boolean("loud", default: false, description: "Whether it throws afterwards."),
                ],
                relations: [
                    ParameterRelation(["loud", "candles"]) { config in
                        config.boolean("loud") && config.integer("candles") > 5
                            ? "cannot be true for more than 5 candles" : nil
                    }
                ]
            )

            init(_ config: ParameterReader) throws {
                candles = config.integer("candles")
                isLoud = config.boolean("loud")
                guard candles != 4 else { throw Superstition() }
            }
        }

        struct Superstition: Error, CustomStringConvertible {
            var description: String { "four is unlucky" }
        }

        static let mode = "countdown"
        static let summary = "Buys once."
        static func warmUpCandles(_ parameters: Settings) -> Int { 0 }

        private let settings: Settings
        private var left: Int
        private var ratio = 1.0

        init(parameters: Settings) {
            settings = parameters
            left = parameters.candles
        }

        mutating func handle(_ event: StrategyEvent, context: StrategyContext) throws -> [OrderIntent] {
            guard case .candle(let candle) = event else { return [] }
            left -= 1
            if left < 0, settings.isLoud { throw Superstition() }
            ratio /= candle.volume.doubleValue
            return left == 0 ? [OrderIntent(side: .buy, effect: .entry, quantity: "1", reason: "now")] : []
        }
    }

    private let context = StrategyContext(
        symbol: "BTCUSDT",
        interval: .oneMinute,
        position: Position(),
        hasPendingOrder: false
    )

    private func candle(volume: FixedDecimal = "1") -> StrategyEvent {
        .candle(
            Candle(openTime: Timestamp(milliseconds: 0), open: "1", high: "1", low: "1", close: "1", volume: volume)
        )
    }

    private func countdown() throws -> StrategyMode {
        var registry = StrategyRegistry.builtIn
        registry.register(Countdown.self)
        #expect(registry.modeNames == ["breakout", "countdown", "scalp"])
        return try #require(registry.mode("countdown"))
    }

    @Test func `the built-in modes are found by name, and others are not`() {
        #expect(StrategyRegistry.builtIn.modeNames == ["breakout", "scalp"])
        #expect(StrategyRegistry.builtIn.mode("scalp")?.name == "scalp")
        for name in ["", "Scalp", "scalp ", "grid"] { #expect(StrategyRegistry.builtIn.mode(name) == nil) }
        #expect(StrategyRegistry.builtIn.suggestion(for: "sclap") == "scalp")
        #expect(StrategyRegistry.builtIn.suggestion(for: "martingale") == nil)
    }

    @Test func `a strategy of one's own is registered, configured, run, written down and restored`() throws {
        let mode = try countdown()
        #expect(mode.summary == "Buys once.")
        var strategy = try mode.make(config: .object(["candles": .number(2)]))
        #expect(strategy.mode == "countdown")
        #expect(strategy.warmUpCandles == 0)
        #expect(strategy.catchUp == .warm)
        #expect(try strategy.handle(candle(), context: context).isEmpty)
        let state = try strategy.state()
        #expect(state == #"{"left":1,"ratio":1,"settings":{"candles":2,"isLoud":false}}"#)
        var restored = try mode.restore(config: .object(["candles": .number(2)]), state: state)
        #expect(try restored.handle(candle(), context: context).map(\.reason) == ["now"])
    }

    @Test func `its own relations and errors are problems of its fields`() throws {
        let mode = try countdown()
        #expect(
            mode.validate(config: .object(["candles": .number(6), "loud": .bool(true)])) == [
                FieldProblem(field: "config.loud", message: "cannot be true for more than 5 candles")
            ]
        )
        #expect(
            mode.validate(config: .object(["candles": .number(4)])) == [
                FieldProblem(field: "config", message: "is not acceptable: four is unlucky")
            ]
        )
    }

    @Test func `a strategy that throws keeps the state it had`() throws {
        let mode = try countdown()
        var strategy = try mode.make(config: .object(["candles": .number(1), "loud": .bool(true)]))
        _ = try strategy.handle(candle(), context: context)
        let before = try strategy.state()
        #expect(throws: Countdown.Superstition.self) { try strategy.handle(candle(), context: context) }
        #expect(try strategy.state() == before)
    }

    @Test func `a state that JSON cannot hold is an error, not a silent zero`() throws {
        var strategy = try countdown().make(config: nil)
        _ = try strategy.handle(candle(volume: "0"), context: context)
        #expect {
            try strategy.state()
        } throws: { error in
            (error as? StrategyError)?.code == .unwritableState
        }
    }
}
