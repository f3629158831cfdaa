import Testing
import Trading

@testable import Hosting
@testable import Store

@Suite("Closing a position on paper")
struct ClosingTests {
    private static func candle(_ index: Int, _ cue: Puppet.Cue) -> Candle {
        let price = FixedDecimal(100 + index)
        return Candle(
            openTime: Candles.start + Int64(index) * 300_000,
            open: price,
            high: price + "2",
            low: price - "1",
            close: price + "1",
            volume: cue.volume
        )
    }

    /// After so many candles, told these things.
    private func run(_ cues: [Puppet.Cue]) throws -> StrategyRun {
        var run = try RunFixture().run(lastClosed: Candles.start - 300_000)
        for (index, cue) in cues.enumerated() {
            let candle = Self.candle(index, cue)
            _ = try run.close(candle, exchangeTime: candle.closeTime(.fiveMinutes), barriers: [])
        }
        return run
    }

    private let request = StoredStrategy.CloseRequest(number: 3, reason: "the news")

    @Test("what is held is sold at the last price, what is under way is canceled, and the strategy is told of both")
    func sells() throws {
        var run = try run([.buyOne, .nothing, .sellEverything])
        let decisions = try run.closeOnPaper(request, barriers: [])
        #expect(decisions.orders.map(\.intent.reason) == ["the news"])
        #expect(decisions.orders.map(\.status) == [.filled])
        #expect(decisions.settlements.map(\.status) == [.canceled])
        // The close of the last candle is 103.
        let close: FixedDecimal = "103"
        #expect(decisions.fills.map(\.price) == [close * "0.99995"])
        #expect(run.position.isFlat && run.closed == 3 && run.isDirty)
        let puppet = try RunFixture().puppet(run)
        #expect(puppet.fills == [false, false])
        #expect(puppet.rejections == ["the position is closed"])
        let next = Self.candle(3, .buyOne)
        #expect(try run.close(next, exchangeTime: next.closeTime(.fiveMinutes), barriers: []).orders.count == 1)
    }

    @Test("an entry that is under way is canceled, too, and none is made in its place")
    func entries() throws {
        var run = try run([.buyOne, .buyTwice])
        #expect(try run.closeOnPaper(request, barriers: []).settlements.count == 2)
        let next = Self.candle(2, .nothing)
        #expect(try run.close(next, exchangeTime: next.closeTime(.fiveMinutes), barriers: []).fills.isEmpty)
        #expect(run.position.isFlat)
    }

    @Test("nothing happens in a halt; with nothing held it is done at once")
    func nothing() throws {
        var held = try run([.buyOne, .nothing])
        #expect(try held.closeOnPaper(request, barriers: .halted).isEmpty)
        #expect(held.closed == 0 && held.hasOpenPosition)
        var flat = try run([.nothing])
        #expect(try flat.closeOnPaper(request, barriers: []).isEmpty)
        #expect(flat.closed == 3)
    }

    @Test("the same wish leads to the same order, wherever it is carried out")
    func repeated() throws {
        let run = try run([.buyOne, .nothing])
        var (first, second) = (run, try RunFixture().restored(try run.checkpoint()))
        #expect(try first.closeOnPaper(request, barriers: []) == second.closeOnPaper(request, barriers: []))
        #expect(try first.checkpoint() == second.checkpoint())
        #expect(try first.checkpoint().closed == 3)
    }
}
