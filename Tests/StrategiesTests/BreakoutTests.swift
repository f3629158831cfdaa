import FoundationEssentials
import Strategies
import Testing
import Trading

/// Channels of 3 and 2 candles, a range of 2, a stop at one range.
struct BreakoutTests {
    private struct Bench {
        var strategy: Breakout
        var position = Position()
        var hasPendingOrder = false

        init() throws {
            let config = try JSONValue(
                text: #"{"entry_period":3,"exit_period":2,"atr_period":2,"stop_ranges":1,"quantity_step":"0.01"}"#
            )
            strategy = Breakout(parameters: try BreakoutParameters(config))
        }

        /// A candle from one below the close to one above it.
        mutating func close(_ price: Int) throws -> [OrderIntent] {
            let close = FixedDecimal(price)
            let candle = Candle(
                openTime: Timestamp(milliseconds: 0),
                open: close,
                high: close + .one,
                low: close - .one,
                close: close,
                volume: "1"
            )
            let context = StrategyContext(
                symbol: "BTCUSDT",
                interval: .oneMinute,
                position: position,
                hasPendingOrder: hasPendingOrder
            )
            return try strategy.handle(.candle(candle), context: context)
        }

        mutating func fill(_ side: Side, at price: FixedDecimal) {
            position.book(
                Fill(
                    orderID: "o",
                    tradeID: "t",
                    side: side,
                    price: price,
                    quantity: "1",
                    fee: .zero,
                    time: Timestamp(milliseconds: 0)
                )
            )
        }
    }

    @Test func `a close above the candles before buys, one within them does not`() throws {
        var bench = try Bench()
        for _ in 0..<5 { #expect(try bench.close(50).isEmpty) }
        #expect(try bench.close(51).isEmpty)
        let buy = OrderIntent(side: .buy, effect: .entry, quantity: "1.85", reason: "breakout")
        #expect(try bench.close(54) == [buy])
    }

    @Test func `a close below the shorter channel sells, again and again until nothing is held`() throws {
        var bench = try Bench()
        for price in [50, 50, 50, 50, 60] { _ = try bench.close(price) }
        bench.fill(.buy, at: "60")
        #expect(try bench.close(70).isEmpty)
        // The range at entry was 6.5: (2 + 11) ÷ 2.
        let sell = OrderIntent(side: .sell, effect: .exit, quantity: "1", reason: "channel exit")
        #expect(try bench.close(58) == [sell])
        bench.hasPendingOrder = true
        #expect(try bench.close(75).isEmpty)
        bench.hasPendingOrder = false
        #expect(try bench.close(75) == [sell])
        bench.fill(.sell, at: "75")
        #expect(try bench.close(74).isEmpty)
    }

    @Test func `a close a range below the entry is the stop`() throws {
        var bench = try Bench()
        for price in [50, 50, 50, 50, 60] { _ = try bench.close(price) }
        bench.fill(.buy, at: "60")
        #expect(try bench.close(54).isEmpty)
        #expect(try bench.close(53).map(\.reason) == ["stop"])
    }
}
