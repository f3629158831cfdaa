import FoundationEssentials
import Store
import Strategies
import Testing
import Trading

@testable import Hosting

@Suite("A strategy's run", .timeLimit(.minutes(5)))
struct StrategyRunTests {
    private let fixture: RunFixture

    init() throws {
        fixture = try RunFixture()
    }

    /// A market that stands still at 100 and gives these cues, one a candle.
    private func candles(_ cues: [Puppet.Cue]) -> [Candle] {
        cues.enumerated().map { index, cue in
            Candle(
                openTime: Candles.start + Int64(index) * fixture.interval.milliseconds,
                open: "100",
                high: "101",
                low: "99",
                close: "100.5",
                volume: cue.volume
            )
        }
    }

    /// Runs over a market, each candle told at its close, and returns all decisions.
    private func play(
        _ cues: [Puppet.Cue],
        fixture: RunFixture? = nil,
        late: Int64 = 0,
        isPaused: Bool = false
    ) throws -> (run: StrategyRun, decisions: StrategyRun.Decisions) {
        var run = try (fixture ?? self.fixture).run(lastClosed: Candles.start - self.fixture.interval.milliseconds)
        var all = StrategyRun.Decisions()
        for candle in candles(cues) {
            let time = candle.openTime + (1 + late) * self.fixture.interval.milliseconds
            let decisions = try run.close(candle, exchangeTime: time, barriers: isPaused ? .paused : [])
            all.orders += decisions.orders
            all.fills += decisions.fills
        }
        return (run, all)
    }

    private func rejections(_ decisions: StrategyRun.Decisions) -> [String] {
        decisions.orders.compactMap { $0.status == .rejected ? $0.statusReason : nil }
    }

    // MARK: Fills

    @Test("an order is filled at the open of the next candle, on the wrong side of the spread, with a fee")
    func fills() throws {
        let (run, decisions) = try play([.buyOne, .nothing, .sellEverything, .nothing])
        #expect(decisions.orders.map(\.status) == [.intended, .intended])
        #expect(decisions.fills.map(\.price) == ["100.005", "99.995"])
        #expect(decisions.fills.map(\.fee) == ["0.100005", "0.099995"])
        #expect(decisions.fills.map(\.orderID) == decisions.orders.map(\.id))
        let minute = fixture.interval.milliseconds
        #expect(decisions.fills.map(\.time) == [Candles.start + minute, Candles.start + 3 * minute])
        let position = try run.checkpoint().position
        #expect(position.isFlat)
        #expect(position.realizedPnL == "-0.21")
        #expect(position.tradesCount == 2)
    }

    @Test("the candle on which an order was decided does not fill it, the next one does as soon as it begins")
    func begins() throws {
        let market = candles([.buyOne, .nothing])
        var run = try fixture.run(lastClosed: Candles.start - fixture.interval.milliseconds)
        #expect(try run.begin(market[0].atItsOpen, barriers: []).isEmpty)
        _ = try run.close(market[0], exchangeTime: market[1].openTime, barriers: [])
        #expect(try run.begin(market[0].atItsOpen, barriers: []).isEmpty)
        let begun = try run.begin(market[1].atItsOpen, barriers: [])
        #expect(begun.fills.count == 1)
        #expect(try run.begin(market[1].atItsOpen, barriers: []).isEmpty, "filled once")
        let closed = try run.close(market[1], exchangeTime: market[1].openTime, barriers: [])
        #expect(closed.isEmpty, "filled once")
        #expect(try run.checkpoint().position.quantity == "1")
    }

    @Test("while the first of two orders is being filled, the second is still on its way")
    func twoOrders() throws {
        let (run, decisions) = try play([.buyTwice, .nothing])
        #expect(decisions.fills.map(\.quantity) == ["1", "2"])
        #expect(try fixture.puppet(run).fills == [true, false])
    }

    // MARK: Refusals

    @Test("an exit sells no more than is held, however many exits there are")
    func doubleExit() throws {
        let (run, decisions) = try play([.buyOne, .nothing, .sellEverythingTwice, .nothing])
        #expect(rejections(decisions) == ["position: only 0 can be sold"])
        #expect(decisions.fills.count == 2)
        #expect(try run.checkpoint().position.realizedPnL == "-0.21")
    }

    @Test(
        "what makes no sense is refused with a reason, and the strategy hears it",
        arguments: [
            (.sellAsEntry, "side: an entry buys"), (.buyAsExit, "side: an exit sells"),
            (.buyNothing, "quantity: must be above zero"), (.sellEverything, "quantity: must be above zero"),
            (.buyTooMuch, "quantity: with 100000000000 more, the position is beyond 92 billion; buy less"),
        ] as [(Puppet.Cue, String)]
    )
    func refusals(cue: Puppet.Cue, reason: String) throws {
        let (run, decisions) = try play([cue, .nothing])
        #expect(rejections(decisions) == [reason])
        #expect(decisions.fills.isEmpty)
        #expect(decisions.orders.allSatisfy { $0.intent.quantity.int64 != nil }, "it can be journalled")
        #expect(try fixture.puppet(run).rejections == [reason])
    }

    @Test("a pause refuses entries and lets exits through")
    func pause() throws {
        let market = candles([.buyOne, .buyOne, .sellEverything, .nothing])
        var run = try fixture.run(lastClosed: Candles.start - fixture.interval.milliseconds)
        var decisions: [StrategyRun.Decisions] = []
        for (index, candle) in market.enumerated() {
            let time = candle.openTime + fixture.interval.milliseconds
            decisions.append(try run.close(candle, exchangeTime: time, barriers: index > 0 ? .paused : []))
        }
        #expect(decisions[1].fills.count == 1, "decided before the pause")
        #expect(rejections(decisions[1]) == ["paused: no new entries"])
        #expect(decisions[2].orders.map(\.status) == [.intended])
        #expect(try run.checkpoint().position.isFlat)
    }

    @Test("two refusals of one candle are two orders, and so is what is asked for after each")
    func identities() throws {
        let (_, decisions) = try play([.askTwice, .askTwice])
        #expect(decisions.orders.count == 6)
        #expect(Set(decisions.orders.map(\.id)).count == 6)
    }

    @Test("a strategy that answers every refusal with another order is stopped")
    func endless() throws {
        let error = try #require(throws: HostingError.self) { try play([.insist]) }
        #expect(error.code == .endlessIntents)
    }

    // MARK: Late candles and history

    @Test("a candle is late once it is more than one interval old")
    func lateness() throws {
        let run = try fixture.run(lastClosed: Candles.start)
        let candle = candles([.nothing])[0]
        let interval = fixture.interval.milliseconds
        #expect(!run.isCatchUp(candle, exchangeTime: candle.openTime + interval))
        #expect(!run.isCatchUp(candle, exchangeTime: candle.openTime + 2 * interval - 1))
        #expect(run.isCatchUp(candle, exchangeTime: candle.openTime + 2 * interval))
    }

    @Test("late candles refuse entries, not exits, unless the strategy is to act on them")
    func catchUp() throws {
        let (run, warm) = try play([.buyOne, .nothing], late: 2)
        #expect(rejections(warm) == ["stale: this candle is older than one interval"])
        #expect(try run.checkpoint().position.isFlat)

        let acting = try RunFixture(Puppet.mode, ["catch_up": .string("act")])
        let (_, act) = try play([.buyOne, .nothing, .sellEverything, .nothing], fixture: acting, late: 50)
        #expect(act.fills.count == 2)

        // Bought in time, sold late.
        var late = try fixture.run(lastClosed: Candles.start - fixture.interval.milliseconds)
        for (index, candle) in candles([.buyOne, .sellEverything, .sellEverything, .nothing]).enumerated() {
            let delay = index == 0 ? 1 : 9 as Int64
            let time = candle.openTime + delay * fixture.interval.milliseconds
            _ = try late.close(candle, exchangeTime: time, barriers: [])
        }
        #expect(try late.checkpoint().position.isFlat)
        #expect(try late.checkpoint().position.tradesCount == 2)
    }

    @Test("candles of the warm-up form an opinion; nothing is traded, journalled or counted on them")
    func warmUp() throws {
        let fixture = try RunFixture(Puppet.mode, ["warm_up": .number(3), "catch_up": .string("act")])
        let market = candles([.nothing, .buyOne, .buyOne, .buyOne, .buyOne, .nothing])
        var run = try fixture.run(lastClosed: market[3].openTime)
        #expect(run.cursor == market[0].openTime)
        var decisions: [StrategyRun.Decisions] = []
        for candle in market {
            decisions.append(try run.close(candle, exchangeTime: market[4].openTime, barriers: []))
        }
        #expect(decisions[0...3].allSatisfy { $0.isEmpty })
        #expect(decisions[4].orders.map(\.status) == [.intended])
        #expect(decisions[5].fills.count == 1)
        #expect(try run.checkpoint().candles == 2)
        let puppet = try fixture.puppet(run)
        #expect(puppet.candles == market.dropFirst().map(\.openTime))
        #expect(puppet.rejections.count == 3)
    }

    // MARK: Failures and the end

    @Test("a strategy that throws says so, and its last checkpoint goes on as if it had not run")
    func failure() throws {
        let market = candles([.buyOne, .fail, .nothing])
        var run = try fixture.run(lastClosed: Candles.start - fixture.interval.milliseconds)
        _ = try run.close(market[0], exchangeTime: market[1].openTime, barriers: [])
        let checkpoint = try run.checkpoint()
        #expect(throws: Puppet.Failure.self) {
            try run.close(market[1], exchangeTime: market[2].openTime, barriers: [])
        }
        #expect(try fixture.restored(checkpoint).checkpoint() == checkpoint)
    }

    @Test("closing sells everything at the last price and forgets what was still intended")
    func closing() throws {
        let (run, _) = try play([.buyTwice, .sellEverything])
        let before = try run.checkpoint()
        let (checkpoint, decisions) = try #require(try close(before))
        #expect(decisions.orders.map(\.status) == [.filled])
        #expect(decisions.fills.map(\.quantity) == ["3"])
        #expect(decisions.fills.map(\.price) == ["100.494975"])
        #expect(checkpoint.position.isFlat)
        #expect(checkpoint.position.tradesCount == 3)
        #expect(checkpoint.cursor == before.cursor)
        // Again, as after a crash: nothing is left to close, and before the commit it is the same decision.
        #expect(try close(checkpoint) == nil)
        #expect(try #require(try close(before)).decisions == decisions)
        #expect(try !fixture.restored(checkpoint).hasOpenPosition)
        #expect(try RunState(text: checkpoint.state).pending.isEmpty)
    }

    private func close(_ checkpoint: Checkpoint) throws -> (checkpoint: Checkpoint, decisions: StrategyRun.Decisions)? {
        try StrategyRun.closingPosition(
            of: fixture.strategyID,
            interval: fixture.interval,
            checkpoint: checkpoint,
            paper: .standard
        )
    }
}
