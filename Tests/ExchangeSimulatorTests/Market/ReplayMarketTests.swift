import Testing
import Trading

@testable import ExchangeSimulator

@Suite("A replayed market")
struct ReplayMarketTests {
    private static let minute: Int64 = 60_000
    /// Candles at minutes 0…4 and 7…9: a gap of two. Prices tell the minute.
    private static let minutes: [Int64] = [0, 1, 2, 3, 4, 7, 8, 9]

    private static func recording(_ name: String = "ETHUSDT-1m.csv", minutes: [Int64] = minutes) throws -> Recording {
        let lines = minutes.map { "\($0 * minute),\(100 + $0),\(200 + $0),\(50 + $0).5,\(101 + $0),\(10 + $0)" }
        return try Recording(file: name, text: lines.joined(separator: "\n"))
    }

    private static func klines(
        _ market: ReplayMarket,
        _ interval: Interval,
        now: Timestamp,
        symbol: Symbol = "ETHUSDT"
    ) -> [Kline] {
        market.klines(symbol, interval, KlineRange(start: Timestamp(milliseconds: 0), end: nil, limit: 1_000), now: now)
    }

    @Test("tells the recorded candles to the digit, and its gaps as gaps")
    func tellsCandles() throws {
        let recording = try Self.recording()
        let market = try ReplayMarket([recording], history: 2)
        let end = try #require(market.end)
        #expect(market.start.milliseconds == 2 * Self.minute && end.milliseconds == 10 * Self.minute)
        #expect(Self.klines(market, .oneMinute, now: end).map(\.candle) == recording.candles)
    }

    @Test("tells every multiple of the recorded interval, and nothing finer or between")
    func tellsMultiples() throws {
        let market = try ReplayMarket([try Self.recording()], history: 2)
        let threes = Self.klines(market, .threeMinutes, now: Timestamp(milliseconds: 12 * Self.minute))
        #expect(threes.map { $0.openTime.milliseconds / Self.minute } == [0, 3, 6, 9])
        let second = threes[1].candle
        #expect([second.open, second.high, second.low, second.close] == ["103", "204", "53.5", "105"])
        #expect(second.volume == "27")
        #expect(!market.serves("ETHUSDT", .oneSecond))
        #expect(market.serves("ETHUSDT", .oneWeek))
        #expect(!market.serves("BTCUSDT", .oneMinute))
        let coarse = try ReplayMarket([try Self.recording("ETHUSDT-3m.csv", minutes: [0, 3, 6])], history: 1)
        #expect(!coarse.serves("ETHUSDT", .fiveMinutes) && coarse.serves("ETHUSDT", .fifteenMinutes))
    }

    @Test("tells of a forming candle only its open, and of a forming multiple only what has closed")
    func keepsTheFuture() throws {
        let market = try ReplayMarket([try Self.recording()], history: 2)
        for now in stride(from: Int64(0), through: 10 * Self.minute, by: 15_000) {
            for kline in Self.klines(market, .oneMinute, now: Timestamp(milliseconds: now))
            where kline.openTime.milliseconds + Self.minute > now {
                #expect(kline == .opening(at: kline.openTime, price: kline.candle.open))
            }
        }
        let now = Timestamp(milliseconds: 4 * Self.minute + 30_000)
        let forming = try #require(Self.klines(market, .fiveMinutes, now: now).last)
        let candle = forming.candle
        #expect(forming.openTime.milliseconds == 0)
        #expect([candle.open, candle.high, candle.low, candle.close] == ["100", "203", "50.5", "104"])
        #expect(candle.volume == "46")
        #expect(market.price("ETHUSDT", at: now) == "104")
        #expect(market.price("ETHUSDT", at: Timestamp(milliseconds: 5 * Self.minute)) == "105")
    }

    @Test("updates each candle at its open and its close, and falls silent in a gap")
    func updates() throws {
        let market = try ReplayMarket([try Self.recording()], history: 2)
        let (start, end) = (Timestamp(milliseconds: 3 * Self.minute), Timestamp(milliseconds: 99 * Self.minute))
        let updates = market.updates("ETHUSDT", .oneMinute, after: start, through: end, forming: true)
        let told = updates.map {
            "\($0.time.milliseconds / Self.minute) \($0.kline.candle.open)\($0.isFinal ? " final" : "")"
        }
        #expect(
            told == [
                "4 103 final", "4 104", "5 104 final", "7 107", "8 107 final", "8 108", "9 108 final", "9 109",
                "10 109 final",
            ]
        )
        let pieces = stride(from: Int64(3), to: 99, by: 1).flatMap { minute in
            market.updates(
                "ETHUSDT",
                .oneMinute,
                after: Timestamp(milliseconds: minute * Self.minute),
                through: Timestamp(milliseconds: (minute + 1) * Self.minute),
                forming: true
            )
        }
        #expect(pieces == updates)
        let threes = market.updates("ETHUSDT", .threeMinutes, after: start, through: end, forming: true)
        let finals = threes.filter(\.isFinal).map { "\($0.time.milliseconds / Self.minute) \($0.kline.candle.volume)" }
        #expect(finals == ["6 27", "9 35", "12 19"])
    }

    @Test("steps from close to close over all recordings, and ends with the last")
    func steps() throws {
        let other = try Self.recording("BTCUSDT-3m.csv", minutes: [3, 6, 12])
        let market = try ReplayMarket([try Self.recording(), other], history: 2)
        var (now, closes) = (market.start, [Int64]())
        while let next = market.nextClose(after: now) {
            closes.append(next.milliseconds / Self.minute)
            now = next
        }
        #expect(closes == [3, 4, 5, 6, 8, 9, 10, 15])
        #expect(market.end == now)
    }

    @Test("prefers what was recorded at an interval to what could be made of a finer recording")
    func prefersRecorded() throws {
        let fine = try Self.recording()
        let coarse = try Recording(file: "ETHUSDT-3m.csv", text: "0,7,7,7,7,7")
        for recordings in [[fine, coarse], [coarse, fine]] {
            let market = try ReplayMarket(recordings, history: 1)
            let end = Timestamp(milliseconds: 10 * Self.minute)
            #expect(Self.klines(market, .threeMinutes, now: end).map(\.candle.open) == ["7"])
            #expect(Self.klines(market, .fifteenMinutes, now: end).map(\.candle.open) == ["100"])
        }
    }

    @Test("begins after the history of the earliest recording, and refuses a history that leaves nothing")
    func begins() throws {
        let later = try Self.recording("BTCUSDT-1m.csv", minutes: [5, 6, 7])
        let market = try ReplayMarket([later, try Self.recording()], history: 6)
        #expect(market.start.milliseconds == 8 * Self.minute)
        let error = #expect(throws: SimulatorError.self) { try ReplayMarket([try Self.recording()], history: 8) }
        #expect(error?.message.contains("holds 8 candles: with a history of 8 nothing is left") == true)
        let twice = #expect(throws: SimulatorError.self) {
            try ReplayMarket([try Self.recording(), try Self.recording()], history: 1)
        }
        #expect(twice?.message.contains("there is another recording of ETHUSDT 1m") == true)
    }

    @Test("takes tick and step size from the digits that were recorded")
    func infersFilters() throws {
        let recording = try Recording(file: "XMRBTC-5m.csv", text: "0,0.02789972,0.0279,0.0278,0.0278,143.751")
        let instrument = try #require(
            try ReplayMarket([recording, try Self.recording()], history: 1).instrument("XMRBTC")
        )
        #expect(instrument.tickSize == "0.00000001" && instrument.stepSize == "0.001")
        #expect(instrument.baseAsset == "XMR" && instrument.quoteAsset == "BTC")
    }
}
