import Foundation
import Strategies
import TestSupport
import Testing
import Trading

struct IndicatorTests {
    /// The closes of StockCharts' worksheet for Wilder's index (ChartSchool, "Relative Strength Index"), and its results.
    @Test func `the relative strength index of the published worksheet is the published one`() {
        let closes = [
            44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931, 46.0328,
            45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122, 46.2521, 45.7137, 46.4515,
            45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314,
        ]
        let published = [
            70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38, 54.71, 50.42, 39.99, 41.46, 41.87,
            45.46,
            37.30, 33.08, 37.77,
        ]
        var index = RelativeStrengthIndex(period: 14)
        let values = closes.compactMap { close in
            index.update(close)
            return index.value
        }
        #expect(values.map { ($0 * 100).rounded() / 100 } == published)
    }

    /// The closes of StockCharts' worksheet for moving averages (ChartSchool, "Moving Averages"), and its results.
    @Test func `the exponential average of the published worksheet is the published one`() {
        let closes = [
            22.2734, 22.1940, 22.0847, 22.1741, 22.1840, 22.1344, 22.2337, 22.4323, 22.2436, 22.2933, 22.1542, 22.3926,
            22.3816, 22.6109, 23.3558, 24.0519, 23.7530, 23.8324, 23.9516, 23.6338, 23.8225, 23.8722, 23.6537, 23.1870,
            23.0976, 23.3260, 22.6805, 23.0976, 22.4025, 22.1725,
        ]
        let published = [
            22.22, 22.21, 22.24, 22.27, 22.33, 22.52, 22.80, 22.97, 23.13, 23.28, 23.34, 23.43, 23.51, 23.54, 23.47,
            23.40,
            23.39, 23.26, 23.23, 23.08, 22.92,
        ]
        var average = ExponentialMovingAverage(period: 10)
        let values = closes.compactMap { close in
            average.update(close)
            return average.value
        }
        #expect(values.map { ($0 * 100).rounded() / 100 } == published)
    }

    @Test func `the averages and the index are TA-Lib's`() {
        var average = ExponentialMovingAverage(period: 7)
        var index = RelativeStrengthIndex(period: 9)
        var range = AverageTrueRange(period: 14)
        var (averages, indices, ranges): ([Double?], [Double?], [Double?]) = ([], [], [])
        for candle in TALibReference.candles {
            average.update(candle.close)
            index.update(candle.close)
            range.update(high: candle.high, low: candle.low, close: candle.close)
            averages.append(average.value)
            indices.append(index.value)
            ranges.append(range.value)
        }
        #expect(averages == Array(repeating: nil, count: 6) + TALibReference.ema7)
        #expect(isNear(indices, Array(repeating: nil, count: 9) + TALibReference.rsi9))
        #expect(isNear(ranges, Array(repeating: nil, count: 14) + TALibReference.atr14))
    }

    /// Equal but for the last bits of a double, where TA-Lib orders its operations differently from release to release.
    private func isNear(_ left: [Double?], _ right: [Double?]) -> Bool {
        left.count == right.count
            && zip(left, right).allSatisfy { left, right in
                switch (left, right) {
                case (nil, nil): true
                case (let left?, let right?): abs(left - right) <= 1e-14 * abs(right)
                default: false
                }
            }
    }

    @Test func `a market that only rises has index 100, one that only falls 0, and one that rests 0 as in TA-Lib`() {
        func index(_ step: Double) -> Double? {
            var index = RelativeStrengthIndex(period: 14)
            for position in 0..<40 { index.update(100 + Double(position) * step) }
            return index.value
        }
        #expect(index(1) == 100)
        #expect(index(-1) == 0)
        #expect(index(0) == 0)
    }

    @Test(arguments: [1, 2, 3, 5, 20, 64], 0..<10 as Range<UInt64>)
    func `the channel is the highest high and the lowest low of the last candles`(period: Int, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var channel = DonchianChannel(period: period)
        var (highs, lows): ([FixedDecimal], [FixedDecimal]) = ([], [])
        for _ in 0..<200 {
            // Few different prices, so that ties are common.
            let low = FixedDecimal(Int.random(in: 1...12, using: &random))
            highs.append(low + FixedDecimal(Int.random(in: 0...4, using: &random)))
            lows.append(low)
            channel.update(high: highs[highs.count - 1], low: low)
            #expect(channel.upper == (highs.count < period ? nil : highs.suffix(period).max()))
            #expect(channel.lower == (lows.count < period ? nil : lows.suffix(period).min()))
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `indicators that were written as JSON and read back go on to the last bit`(seed: UInt64) throws {
        struct Indicators: Codable, Hashable {
            var average = ExponentialMovingAverage(period: 9)
            var index = RelativeStrengthIndex(period: 14)
            var range = AverageTrueRange(period: 14)
            var channel = DonchianChannel(period: 20)

            mutating func update(_ candle: Candle) {
                let (high, low, close) = (candle.high.doubleValue, candle.low.doubleValue, candle.close.doubleValue)
                average.update(close)
                index.update(close)
                range.update(high: high, low: low, close: close)
                channel.update(high: candle.high, low: candle.low)
            }
        }
        var (undisturbed, disturbed) = (Indicators(), Indicators())
        for candle in RandomWalk.candles(count: 300, seed: seed) {
            undisturbed.update(candle)
            disturbed.update(candle)
            disturbed = try JSONDecoder().decode(Indicators.self, from: JSONEncoder().encode(disturbed))
            #expect(disturbed == undisturbed)
        }
    }
}
