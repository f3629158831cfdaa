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
}
