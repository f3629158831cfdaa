import Exchanges
import Store
import Strategies
import Testing
import Trading

@testable import Hosting

@Suite("A live run, without an exchange", .timeLimit(.minutes(1)))
struct LiveRunTests {
    private let fixture: RunFixture

    /// Lots of a thousandth, and nothing below five quote units.
    private static let filters = ExchangeFilters(
        lotSize: .init(minimum: "0.001", maximum: "1000", step: "0.001"),
        notional: .init(minimum: "5", minimumAppliesToMarket: true)
    )

    init() throws {
        var fixture = try RunFixture()
        fixture.paper = nil
        self.fixture = fixture
    }

    /// One candle after the other, each with what is decided on it filled at once, but for a fee in base units.
    private struct Market {
        var run: StrategyRun
        let interval: Interval
        private var next = Candles.start
        private var trades = 0

        init(_ run: StrategyRun, _ interval: Interval) {
            self.run = run
            self.interval = interval
        }

        /// - Returns: What was decided, as side and quantity or as the reason why not.
        mutating func close(_ cue: Puppet.Cue, at price: FixedDecimal = "100", fee: FixedDecimal = .zero) throws
            -> [String]
        {
            let candle = Candle(
                openTime: next,
                open: price,
                high: price,
                low: price,
                close: price,
                volume: cue.volume
            )
            next = next + interval.milliseconds
            let terms = OrderTerms(signedAt: next, receiveWindow: 5_000, filters: LiveRunTests.filters)
            let decisions = try run.close(candle, exchangeTime: next, barriers: [], terms: terms)
            for order in decisions.orders where order.status == .intended {
                trades += 1
                let fill = Fill(
                    orderID: order.id,
                    tradeID: "\(trades)",
                    side: order.intent.side,
                    price: price,
                    quantity: order.intent.quantity,
                    fee: fee * price,
                    time: next,
                    commission: .init(kind: .base, asset: "BTC", amount: fee)
                )
                let result = OrderResult(orderID: order.id, status: .filled, fills: [fill])
                _ = try run.take(result, exchangeTime: next, barriers: [], terms: terms)
            }
            return decisions.orders.map { order in
                order.status == .intended
                    ? "\(order.intent.side.rawValue) \(order.intent.quantity)" : order.statusReason ?? ""
            }
        }
    }

    private func market() throws -> Market {
        let interval = fixture.interval
        return Market(try fixture.run(lastClosed: Candles.start - interval.milliseconds), interval)
    }

    @Test("what fees and lots leave over counts as nothing, is kept, and is sold with the next exit")
    func dust() throws {
        var market = try market()
        #expect(try market.close(.buyOne, fee: "0.0005") == ["buy 1"])
        #expect(market.run.position.quantity == "0.9995")
        #expect(try market.close(.sellEverything) == ["sell 0.999"])
        #expect(market.run.position.quantity == "0.0005")
        // It holds nothing that it could sell.
        #expect(try market.close(.sellEverything) == ["quantity: must be above zero"])
        #expect(try market.close(.buyOne, fee: "0.0005") == ["buy 1"])
        #expect(market.run.position.quantity == "1")
        #expect(try market.close(.sellEverything) == ["sell 1"])
        #expect(market.run.position.isFlat)
    }

    @Test("what is worth too little to be sold counts as nothing until it is worth more")
    func tooCheap() throws {
        var market = try market()
        #expect(try market.close(.buyOne) == ["buy 1"])
        #expect(try market.close(.sellEverything, at: "4.99") == ["quantity: must be above zero"])
        #expect(try market.close(.sellEverything, at: "5") == ["sell 1"])
        #expect(market.run.position.isFlat)
    }

    @Test("a trade that is told again, or once more with others, also after a restore, is booked once")
    func toldAgain() throws {
        var run = try fixture.run(lastClosed: Candles.start - fixture.interval.milliseconds)
        let time = Candles.start + fixture.interval.milliseconds
        let terms = OrderTerms(signedAt: time, receiveWindow: 5_000, filters: Self.filters)
        let candle = Candle(
            openTime: Candles.start,
            open: "100",
            high: "100",
            low: "100",
            close: "100",
            volume: Puppet.Cue.buyOne.volume
        )
        let decisions = try run.close(candle, exchangeTime: time, barriers: [], terms: terms)
        let order = try #require(decisions.orders.first)
        func booked(_ status: JournalledOrder.Status, _ trades: String...) throws -> [String] {
            let fills = trades.map { trade in
                Fill(
                    orderID: order.id,
                    tradeID: trade,
                    side: .buy,
                    price: "100",
                    quantity: "0.5",
                    fee: .zero,
                    time: time
                )
            }
            let result = OrderResult(orderID: order.id, status: status, fills: fills)
            return try run.take(result, exchangeTime: time, barriers: [], terms: terms).fills.map(\.tradeID)
        }
        #expect(try booked(.partiallyFilled, "1") == ["1"])
        #expect(try booked(.partiallyFilled, "1").isEmpty)
        run = try fixture.restored(try run.checkpoint())
        #expect(try booked(.filled, "1", "2") == ["2"])
        #expect(run.position.quantity == "1")
    }

    @Test("a quantity beyond what can be stored is cut to the market's largest lot, as any other that is too large")
    func largest() throws {
        var market = try market()
        #expect(try market.close(.buyTooMuch, at: "5") == ["buy 1000"])
    }
}
