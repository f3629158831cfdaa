import Glibc
import Testing
import Trading

@testable import ExchangeSimulator

@Suite("The synthetic market")
struct SyntheticMarketTests {
    /// 2025-06-15 12:34:56.250 UTC.
    private static let now = Timestamp(milliseconds: 1_749_990_896_250)

    private static func klines(
        _ market: SyntheticMarket,
        _ symbol: Symbol,
        _ interval: Interval,
        from start: Timestamp,
        count: Int
    ) -> [Kline] {
        market.klines(symbol, interval, KlineRange(start: start, end: nil, limit: count), now: now)
    }

    private static func joined(_ klines: ArraySlice<Kline>) -> Kline? {
        klines.dropFirst().reduce(klines.first) { result, next in result?.extended(by: next) }
    }

    @Test(
        "A candle is exactly what its shorter candles are together",
        arguments: [
            (Interval.oneMinute, Interval.oneSecond), (.threeMinutes, .oneMinute), (.fiveMinutes, .oneMinute),
            (.fifteenMinutes, .fiveMinutes), (.thirtyMinutes, .threeMinutes), (.oneHour, .oneMinute),
            (.twoHours, .fifteenMinutes), (.fourHours, .oneHour), (.sixHours, .thirtyMinutes),
            (.eightHours, .fourHours),
            (.twelveHours, .sixHours), (.oneDay, .fiveMinutes), (.threeDays, .twelveHours), (.oneWeek, .oneDay),
        ]
    )
    func aggregates(long: Interval, short: Interval) throws {
        let parts = Int(long.milliseconds / short.milliseconds)
        for seed in UInt64(0)..<40 {
            let market = SyntheticMarket(seed: seed)
            let symbol: Symbol = ["BTCUSDT", "XRPBTC", "SIM0007USDT"][Int(seed % 3)]
            let start = long.openTime(containing: Self.now - Int64(seed + 2) * 7 * 86_400_000 - long.milliseconds)
            let longs = Self.klines(market, symbol, long, from: start, count: 2)
            let shorts = Self.klines(market, symbol, short, from: start, count: parts * 2)
            #expect(longs.count == 2 && shorts.count == parts * 2, "seed \(seed)")
            #expect(Self.joined(shorts[..<parts]) == longs.first, "seed \(seed), \(symbol)")
            #expect(Self.joined(shorts[parts...]) == longs.last, "seed \(seed), \(symbol)")
        }
    }

    @Test("Every candle is possible, opens where the last one closed, and was traded at a price within its range")
    func isPossible() throws {
        for seed in UInt64(0)..<30 {
            let market = SyntheticMarket(seed: seed)
            for instrument in market.instruments {
                let start = Self.now - Int64(seed) * 86_400_000 * 60 - 1_000_000
                var previous: Kline?
                let interval: Interval = seed.isMultiple(of: 2) ? .oneSecond : .fifteenMinutes
                for kline in Self.klines(market, instrument.symbol, interval, from: start, count: 60) {
                    let candle = kline.candle
                    #expect(candle.low.isPositive)
                    #expect(
                        candle.low <= min(candle.open, candle.close) && candle.high >= max(candle.open, candle.close)
                    )
                    #expect(candle.open.roundedDown(toMultipleOf: instrument.tickSize) == candle.open)
                    #expect(candle.volume.roundedDown(toMultipleOf: instrument.stepSize) == candle.volume)
                    #expect(!candle.volume.isNegative && !kline.quoteVolume.isNegative && kline.trades >= 0)
                    #expect(kline.takerBuyVolume <= candle.volume && kline.takerBuyQuoteVolume <= kline.quoteVolume)
                    if candle.volume.isPositive {
                        let average = kline.quoteVolume / candle.volume
                        // Amounts have eight digits, which is coarse for the smallest volumes.
                        let tolerance = instrument.tickSize + "0.00000002" / candle.volume
                        #expect(
                            average >= candle.low - tolerance && average <= candle.high + tolerance,
                            "\(instrument.symbol), seed \(seed): \(average) of \(candle)"
                        )
                    }
                    if let previous { #expect(previous.candle.close == candle.open) }
                    previous = kline
                }
            }
        }
    }

    @Test("A market that was never asked before tells the same as one that was asked for everything else first")
    func remembersNothing() {
        for seed in UInt64(0)..<20 {
            let (first, second) = (SyntheticMarket(seed: seed), SyntheticMarket(seed: seed))
            let symbol: Symbol = "ETHUSDT"
            let start = Interval.oneMinute.openTime(containing: Self.now - Int64(seed) * 987_654_321)
            _ = first.price(symbol, at: start)
            _ = first.updates(symbol, .oneSecond, after: start - 5_000, through: start + 5_000, forming: true)
            _ = Self.klines(first, symbol, .oneDay, from: start - 86_400_000 * 30, count: 30)
            #expect(first.price(symbol, at: start) == second.price(symbol, at: start))
            let all = Self.klines(first, symbol, .oneMinute, from: start, count: 30)
            for (index, kline) in all.enumerated().reversed() {
                let alone = Self.klines(second, symbol, .oneMinute, from: start + Int64(index) * 60_000, count: 1)
                #expect(alone == [kline], "seed \(seed)")
            }
        }
    }

    @Test(
        "The markets with the largest numbers have weeks that can be reckoned with",
        arguments: [9_999, 10_000, 999_999]
    )
    func largest(number: Int) throws {
        let symbol = try #require(Symbol("SIM\(number)USDT"))
        let start = Self.now - 200 * Interval.oneWeek.milliseconds
        for seed in UInt64(0)..<5 {
            let klines = Self.klines(SyntheticMarket(seed: seed), symbol, .oneWeek, from: start, count: 200)
            #expect(klines.count == 200)
            #expect(klines.allSatisfy { $0.candle.low.isPositive && $0.candle.volume.isPositive })
        }
    }

    @Test("Another seed is another market, and so is another symbol")
    func seedsDiffer() {
        let start = Self.now - 3_600_000
        let klines = [(1, "BTCUSDT"), (2, "BTCUSDT"), (1, "SIM0001USDT"), (1, "SIM0002USDT")].map { seed, symbol in
            Self.klines(SyntheticMarket(seed: seed), Symbol(symbol)!, .oneMinute, from: start, count: 3).map(\.trades)
        }
        #expect(Set(klines).count == 4)
    }

    @Test("The past of a seed is the same on every machine and in every version")
    func isPinned() {
        let start = Timestamp(milliseconds: 1_749_945_600_000)
        let candle = Self.klines(SyntheticMarket(seed: 1), "BTCUSDT", .oneSecond, from: start, count: 1)[0].candle
        let told = "\(candle.open) \(candle.high) \(candle.low) \(candle.close) \(candle.volume)"
        #expect(told == "64132.71 64271.39 64109.28 64146.89 0.04799")
    }

    @Test("A forming candle tells only what has happened, and ends as the candle it becomes")
    func forms() throws {
        let market = SyntheticMarket(seed: 7)
        for interval in [Interval.oneSecond, .oneMinute, .oneHour, .oneWeek] {
            let openTime = interval.openTime(containing: Self.now)
            let complete = market.klines(
                "BTCUSDT",
                interval,
                KlineRange(start: openTime, end: openTime, limit: 1),
                now: openTime + interval.milliseconds
            )
            let final = try #require(complete.first)
            var previous = Kline.opening(at: openTime, price: final.candle.open)
            for step in Int64(0)...40 {
                let now = openTime + interval.milliseconds * step / 40
                let range = KlineRange(start: openTime, end: openTime, limit: 1)
                let kline = try #require(market.klines("BTCUSDT", interval, range, now: now).first)
                #expect(kline.candle.open == final.candle.open)
                #expect(kline.candle.high >= previous.candle.high && kline.candle.high <= final.candle.high)
                #expect(kline.candle.low <= previous.candle.low && kline.candle.low >= final.candle.low)
                #expect(kline.candle.volume >= previous.candle.volume && kline.trades >= previous.trades)
                previous = kline
            }
            #expect(previous == final)
        }
    }

    @Test("Prices move enough to trade on, and not more than is believable")
    func isLively() {
        for seed in UInt64(0)..<5 {
            let market = SyntheticMarket(seed: seed)
            for (interval, share) in [(Interval.oneSecond, 0.000_05...0.001), (.oneMinute, 0.000_5...0.005)] {
                let klines = Self.klines(market, "BTCUSDT", interval, from: Self.now - 400 * 86_400_000, count: 5_000)
                let ranges = klines.map { ($0.candle.high - $0.candle.low).doubleValue / $0.candle.open.doubleValue }
                let mean = ranges.reduce(0, +) / Double(ranges.count)
                #expect(share.contains(mean), "seed \(seed), \(interval.rawValue): \(mean)")
                let rising = klines.count { $0.candle.close > $0.candle.open }
                #expect((1_500...3_500).contains(rising), "seed \(seed), \(interval.rawValue): \(rising)")
            }
        }
    }

    /// How long this thread has computed.
    private static var processorTime: Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    @Test("A thousand candles of any interval are cheap", arguments: Interval.allCases)
    func isCheap(interval: Interval) {
        let market = SyntheticMarket(seed: 3)
        // Of this thread alone: others may have the processor meanwhile.
        let start = Self.processorTime
        let klines = market.klines("BTCUSDT", interval, KlineRange(start: nil, end: nil, limit: 1_000), now: Self.now)
        #expect(Self.processorTime - start < .seconds(2))
        #expect(klines.count == (interval == .oneWeek ? 409 : interval == .threeDays ? 954 : 1_000))
    }

    @Test("The past begins with the listing, and the future is not told")
    func isBounded() {
        let market = SyntheticMarket(seed: 1)
        let ancient = market.klines(
            "BTCUSDT",
            .oneDay,
            KlineRange(start: Timestamp(milliseconds: 0), end: nil, limit: 2),
            now: Self.now
        )
        #expect(ancient.map(\.openTime) == [SyntheticMarket.listing, SyntheticMarket.listing + 86_400_000])
        let before = KlineRange(start: nil, end: SyntheticMarket.listing - 1, limit: 5)
        #expect(market.klines("BTCUSDT", .oneDay, before, now: Self.now).isEmpty)
        let week = market.klines(
            "BTCUSDT",
            .oneWeek,
            KlineRange(start: Timestamp(milliseconds: 0), end: nil, limit: 1),
            now: Self.now
        )
        #expect(week.first?.openTime == Timestamp(milliseconds: 1_502_668_800_000))
        let ahead = KlineRange(start: Self.now + 1, end: nil, limit: 5)
        #expect(market.klines("BTCUSDT", .oneSecond, ahead, now: Self.now).isEmpty)
    }

    @Test(
        "Stream updates are each candle's opening, some of its forming, and its close, as the candles themselves tell"
    )
    func tellsUpdates() throws {
        let market = SyntheticMarket(seed: 5)
        let start = Interval.oneMinute.openTime(containing: Self.now)
        for forming in [false, true] {
            let updates = market.updates("ETHUSDT", .oneSecond, after: start, through: start + 3_000, forming: forming)
            #expect(
                updates.map(\.isFinal) == (forming ? [0, 1, 0, 0, 1, 0, 0, 1, 0] : [1, 0, 1, 0, 1, 0]).map { $0 == 1 }
            )
            for update in updates {
                let range = KlineRange(start: update.kline.openTime, end: update.kline.openTime, limit: 1)
                #expect(market.klines("ETHUSDT", .oneSecond, range, now: update.time) == [update.kline])
            }
            // Told in two pieces it is the same.
            let middle = start + 1_300
            let pieces =
                market.updates("ETHUSDT", .oneSecond, after: start, through: middle, forming: forming)
                + market.updates("ETHUSDT", .oneSecond, after: middle, through: start + 3_000, forming: forming)
            #expect(pieces == updates)
        }
    }
}
