import FoundationEssentials
import Testing
import Trading

@testable import Strategies

/// A strategy that goes on with other parameters.
struct TakeOverTests {
    private static let context = StrategyContext(
        symbol: "BTCUSDT",
        interval: .fiveMinutes,
        position: Position(),
        hasPendingOrder: false
    )

    /// After these candles.
    private func strategy(_ mode: String, _ config: [String: JSONValue], _ candles: some Sequence<Candle>) throws
        -> AnyStrategy
    {
        var strategy = try #require(StrategyRegistry.builtIn.mode(mode)).make(config: .object(config))
        for candle in candles { _ = try strategy.handle(.candle(candle), context: Self.context) }
        return strategy
    }

    private func state(_ strategy: AnyStrategy, without member: String? = nil) throws -> [String: JSONValue] {
        guard case .object(var members) = try JSONValue(text: try strategy.state()) else { return [:] }
        if let member { members[member] = nil }
        return members
    }

    private static let candles: [Candle] = {
        // Up and down, with more than one period in it.
        func wave(_ index: Int, _ period: Int) -> Double { abs(Double(index % period) - Double(period) / 2) }
        return (0..<300).map { index in
            let price = 90 + wave(index, 57) / 2 + wave(index, 11)
            let cents = { (price: Double) in FixedDecimal(raw: Int128((price * 100).rounded()) * 1_000_000) }
            return Candle(
                openTime: Timestamp(milliseconds: Int64(index) * 300_000),
                open: cents(price),
                high: cents(price + 1),
                low: cents(price - 1),
                close: cents(price),
                volume: "1"
            )
        }
    }()

    @Test(
        "what depends on periods that are the same is kept to the last bit",
        arguments: [
            ("scalp", ["stop_loss_percent": JSONValue.string("0.3"), "max_holding_candles": .number(5)]),
            ("breakout", ["stop_ranges": .string("3")]),
        ] as [(String, [String: JSONValue])]
    )
    func samePeriods(mode: String, change: [String: JSONValue]) throws {
        let old = try strategy(mode, [:], Self.candles)
        // From fewer candles: its own indicators have other values.
        var new = try strategy(mode, change, Self.candles.suffix(120))
        #expect(try state(new, without: "parameters") != state(old, without: "parameters"))
        try new.takeOver(from: old)
        #expect(try state(new, without: "parameters") == state(old, without: "parameters"))
        #expect(try state(new)["parameters"] != state(old)["parameters"])
    }

    @Test("an indicator with another period is the one that the warm-up has made")
    func otherPeriod() throws {
        let old = try strategy("scalp", [:], Self.candles)
        let fresh = try strategy("scalp", ["slow_period": .number(30)], Self.candles.suffix(140))
        var new = fresh
        try new.takeOver(from: old)
        #expect(try state(new)["slow"] == state(fresh)["slow"])
        #expect(try state(new)["fast"] == state(old)["fast"])
        #expect(try state(new)["strength"] == state(old)["strength"])
    }
}
