import Strategies
import TestSupport
import Testing
import Trading

struct ReplayTests {
    private static let modes = StrategyRegistry.builtIn.modeNames

    private func mode(_ name: String) throws -> StrategyMode { try #require(StrategyRegistry.builtIn.mode(name)) }

    @Test(arguments: modes, 0..<24 as Range<UInt64>)
    func `a strategy restored after every event decides the same and ends the same`(name: String, seed: UInt64) throws {
        let mode = try mode(name)
        let candles = RandomWalk.candles(count: 600, seed: seed)
        let mood = seed % 4 == 0 ? PaperMarket.Mood.kind : .moody(seed: seed)
        let undisturbed = try PaperMarket.run(mode.make(config: nil), over: candles, mood: mood)
        let disturbed = try PaperMarket.run(mode.make(config: nil), over: candles, mood: mood) { strategy in
            let state = try strategy.state()
            let restored = try mode.restore(config: nil, state: state)
            #expect(try restored.state() == state)
            return restored
        }
        #expect(disturbed == undisturbed)
        #expect(undisturbed.entries > 2)
        #expect(try PaperMarket.run(mode.make(config: nil), over: candles, mood: mood) == undisturbed)
    }

    @Test(.enabled(if: RecordedCandles.folder != nil, RecordedCandles.missing), arguments: modes)
    func `recorded candles give the same trades with a restore after each`(name: String) throws {
        let mode = try mode(name)
        let configs = [
            ("BTCUSDT-5m", "100"), ("BTCUSDT-1h", "100"), ("ETHUSDT-1m", "100"), ("ETHUSDT-15m", "100"),
            ("ETHBTC-5m", "0.01"),
            ("ADABTC-5m", "0.01"), ("XMRBTC-5m", "0.01"),
        ]
        for (file, amount) in configs {
            let config = JSONValue.object(["quote_amount": .string(amount)])
            let candles = try RecordedCandles.load(file).prefix(1_000)
            let undisturbed = try PaperMarket.run(mode.make(config: config), over: Array(candles))
            let disturbed = try PaperMarket.run(mode.make(config: config), over: Array(candles)) { strategy in
                try mode.restore(config: config, state: strategy.state())
            }
            #expect(disturbed == undisturbed)
            #expect(undisturbed.position.tradesCount >= 24)
        }
    }

    @Test func `on a lively market of one-second candles scalp trades about once a minute`() throws {
        let candles = RandomWalk.candles(count: 3_600, seed: 7)
        let outcome = try PaperMarket.run(mode("scalp").make(config: nil), over: candles)
        #expect((45...180).contains(outcome.position.tradesCount))
    }

    @Test(arguments: modes)
    func `a strategy is ready after its warm-up, and its opinion no longer depends on what came before`(name: String)
        throws
    {
        let mode = try mode(name)
        let candles = RandomWalk.candles(count: 2_000, seed: 11)
        var strategy = try mode.make(config: nil)
        let warmUp = strategy.warmUpCandles
        let context = StrategyContext(
            symbol: "BTCUSDT",
            interval: .oneSecond,
            position: Position(),
            hasPendingOrder: false
        )
        func decisions(_ strategy: inout AnyStrategy, _ candles: some Sequence<Candle>) throws -> [[OrderIntent]] {
            try candles.map { try strategy.handle(.candle($0), context: context) }
        }
        _ = try decisions(&strategy, candles.prefix(1_000))
        var late = try mode.make(config: nil)
        _ = try decisions(&late, candles[(1_000 - warmUp)..<1_000])
        let following = candles[1_000..<2_000]
        #expect(try decisions(&strategy, following) == decisions(&late, following))
    }
}
