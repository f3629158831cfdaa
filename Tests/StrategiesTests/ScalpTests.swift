import FoundationEssentials
import Strategies
import Testing
import Trading

/// Small periods, so that a few closes make a cross: averages of 2 and 3 candles, a relative strength index of 2.
struct ScalpTests {
    private struct Bench {
        var strategy: Scalp
        var position = Position()
        var hasPendingOrder = false
        private var candles: Int64 = 0

        init(_ values: [String: JSONValue] = [:]) throws {
            var config: [String: JSONValue] = [
                "fast_period": .number(2), "slow_period": .number(3), "rsi_period": .number(2),
                "rsi_floor": .string("0"),
                "rsi_ceiling": .string("100"), "stop_loss_percent": .string("1"), "take_profit_percent": .string("2"),
                "max_holding_candles": .number(5), "quote_amount": .string("100"), "quantity_step": .string("0.001"),
            ]
            config.merge(values) { $1 }
            strategy = Scalp(parameters: try ScalpParameters(.object(config)))
        }

        mutating func close(_ price: FixedDecimal) throws -> [OrderIntent] {
            candles += 1
            let candle = Candle(
                openTime: Timestamp(milliseconds: candles * 1_000),
                open: price,
                high: price,
                low: price,
                close: price,
                volume: "1"
            )
            return try handle(.candle(candle))
        }

        mutating func closes(_ prices: [FixedDecimal]) throws -> [[OrderIntent]] {
            try prices.map { try close($0) }
        }

        mutating func fill(_ side: Side, _ quantity: FixedDecimal, at price: FixedDecimal) throws -> [OrderIntent] {
            let fill = Fill(
                orderID: "o",
                tradeID: "\(position.tradesCount)",
                side: side,
                price: price,
                quantity: quantity,
                fee: .zero,
                time: Timestamp(milliseconds: 0)
            )
            position.book(fill)
            return try handle(.fill(fill))
        }

        mutating func handle(_ event: StrategyEvent) throws -> [OrderIntent] {
            let context = StrategyContext(
                symbol: "BTCUSDT",
                interval: .oneSecond,
                position: position,
                hasPendingOrder: hasPendingOrder
            )
            return try strategy.handle(event, context: context)
        }

        /// Falls, then rises: a cross at the last close. Nothing else moves the averages across.
        mutating func crossUp() throws -> [OrderIntent] {
            try closes([100, 99, 98, 97, 100].map { FixedDecimal($0) }).last ?? []
        }

        /// A bench that holds one unit bought at 100.
        mutating func enter() throws {
            _ = try crossUp()
            _ = try fill(.buy, "1", at: "100")
        }
    }

    @Test func `a cross upwards buys the amount's worth, rounded down to the step`() throws {
        var bench = try Bench()
        let intents = try bench.closes([100, 99, 98, 97, 100].map { FixedDecimal($0) })
        #expect(intents.dropLast().allSatisfy { $0.isEmpty })
        #expect(intents.last == [OrderIntent(side: .buy, effect: .entry, quantity: "1", reason: "ema cross")])
    }

    @Test(arguments: [
        ("100", "97.3", "1.027"), ("100", "33333.33", "0.003"), ("100", "0.0007", "142857.142"),
        ("0.29999999", "100", "0.002"),
        ("1000000000", "0.00000001", "100000000000000000"),
    ])
    func `an order never costs more than its amount`(amount: String, price: String, quantity: String) throws {
        let (amount, price) = try (#require(FixedDecimal(amount)), #require(FixedDecimal(price)))
        let size = try OrderSize.quantity(spending: amount, at: price, step: "0.001")
        #expect(size.description == quantity)
        #expect(size * price <= amount)
        #expect((size + "0.001").raw * price.raw > amount.raw * FixedDecimal.one.raw)
    }

    @Test func `an amount that buys nothing is said aloud`() throws {
        var bench = try Bench(["quote_amount": .string("0.05")])
        #expect {
            try bench.crossUp()
        } throws: { error in
            (error as? StrategyError)?.code == .unusableParameters && "\(error)".contains("raise quote_amount")
        }
    }

    @Test func `no entry outside the range of the relative strength index`() throws {
        for (floor, ceiling, enters) in [("0", "50", false), ("50", "90", true), ("80", "100", false)] {
            var bench = try Bench(["rsi_floor": .string(floor), "rsi_ceiling": .string(ceiling)])
            // The index is 66.7 at the cross: changes of −1 and −1, then −1 and +3 under Wilder's smoothing.
            #expect(try bench.crossUp().isEmpty != enters)
        }
    }

    @Test func `no second order while one is on its way, and none on a cross that has passed`() throws {
        var bench = try Bench()
        bench.hasPendingOrder = true
        #expect(try bench.crossUp().isEmpty)
        bench.hasPendingOrder = false
        #expect(try bench.close("101").isEmpty)
    }

    @Test func `a rejected entry waits for the next cross`() throws {
        var bench = try Bench()
        let intent = try #require(try bench.crossUp().first)
        #expect(try bench.handle(.rejection(intent, reason: "stale")).isEmpty)
        #expect(try bench.close("101").isEmpty)
        #expect(try bench.closes(["97", "94", "91"]).allSatisfy { $0.isEmpty })
        #expect(try bench.close("98").map(\.effect) == [.entry])
    }

    @Test(arguments: [("99", "stop-loss"), ("98.5", "stop-loss"), ("102", "take-profit"), ("150", "take-profit")])
    func `a close at a stop or beyond sells everything`(close: String, reason: String) throws {
        var bench = try Bench()
        try bench.enter()
        #expect(try bench.close("100").isEmpty)
        let price = try #require(FixedDecimal(close))
        #expect(try bench.close(price) == [OrderIntent(side: .sell, effect: .exit, quantity: "1", reason: reason)])
    }

    @Test(arguments: ["99.00000001", "101.99999999"])
    func `a close just inside the stops holds`(close: String) throws {
        var bench = try Bench([
            "fast_period": .number(2), "slow_period": .number(50), "max_holding_candles": .number(99),
        ])
        _ = try bench.fill(.buy, "1", at: "100")
        #expect(try bench.close(try #require(FixedDecimal(close))).isEmpty)
    }

    @Test func `stops are measured from the price of the fills, not of the candle`() throws {
        var bench = try Bench()
        _ = try bench.crossUp()
        _ = try bench.fill(.buy, "0.5", at: "104")
        _ = try bench.fill(.buy, "0.5", at: "102")
        // The average is 103, its stop 101.97.
        #expect(try bench.close("101.98").isEmpty)
        #expect(try bench.close("101.97").map(\.reason) == ["stop-loss"])
    }

    @Test func `the opposite cross sells`() throws {
        var bench = try Bench(["stop_loss_percent": .string("50"), "take_profit_percent": .string("50")])
        try bench.enter()
        #expect(try bench.close("101").isEmpty)
        #expect(try bench.close("96").map(\.reason) == ["opposite cross"])
    }

    @Test func `a position is closed after its time`() throws {
        var bench = try Bench(["stop_loss_percent": .string("50"), "take_profit_percent": .string("50")])
        try bench.enter()
        #expect(try bench.closes(["101", "102", "103", "104"]).allSatisfy { $0.isEmpty })
        #expect(try bench.close("105").map(\.reason) == ["time stop"])
    }

    @Test func `a rejected exit is tried again at the next candle, wherever the price is by then`() throws {
        var bench = try Bench()
        try bench.enter()
        let exit = try #require(try bench.close("98").first)
        bench.hasPendingOrder = true
        #expect(try bench.close("98").isEmpty)
        bench.hasPendingOrder = false
        #expect(try bench.handle(.rejection(exit, reason: "filter failure")).isEmpty)
        #expect(try bench.close("100.5") == [exit])
        #expect(try bench.close("100.6") == [exit])
    }

    @Test func `an exit that was filled in part sells the rest, and never more than is held`() throws {
        var bench = try Bench()
        try bench.enter()
        #expect(try bench.close("98").map(\.quantity) == ["1"])
        _ = try bench.fill(.sell, "0.7", at: "98")
        #expect(try bench.close("100").map(\.quantity) == ["0.3"])
        _ = try bench.fill(.sell, "0.3", at: "100")
        #expect(try bench.close("100").isEmpty)
    }

    @Test func `less than a step cannot be sold and counts as nothing`() throws {
        var bench = try Bench()
        _ = try bench.fill(.buy, "0.0009", at: "1000")
        #expect(try bench.closes(["500", "400"]).allSatisfy { $0.isEmpty })
        _ = try bench.fill(.buy, "0.9994", at: "1000")
        #expect(try bench.close("500").map(\.quantity) == ["1"])
    }

    @Test func `time, and the reason to leave, belong to one position only`() throws {
        var bench = try Bench(["stop_loss_percent": .string("50"), "take_profit_percent": .string("3")])
        try bench.enter()
        #expect(try bench.closes(["101", "102"]).allSatisfy { $0.isEmpty })
        #expect(try bench.close("104").map(\.reason) == ["take-profit"])
        _ = try bench.fill(.sell, "1", at: "104")
        #expect(try bench.closes(["100", "96", "93"]).allSatisfy { $0.isEmpty })
        #expect(try bench.close("100").map(\.effect) == [.entry])
        _ = try bench.fill(.buy, "1", at: "100")
        #expect(try bench.closes(["100.5", "101", "101.5", "102"]).allSatisfy { $0.isEmpty })
        #expect(try bench.close("102.5").map(\.reason) == ["time stop"])
    }
}
