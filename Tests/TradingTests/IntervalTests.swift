import TestSupport
import Testing
import Trading

struct IntervalTests {
    @Test(arguments: Interval.allCases, 0..<5 as Range<UInt64>)
    func `a candle contains the moment it was asked for, and candles lie side by side`(interval: Interval, seed: UInt64)
    {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let moment = Timestamp(
                milliseconds: Int64.random(in: -4_000_000_000_000...4_000_000_000_000, using: &random)
            )
            let open = interval.openTime(containing: moment)
            #expect((0..<interval.milliseconds).contains(moment.since(open)))
            #expect(interval.openTime(containing: open) == open)
            #expect(interval.openTime(containing: open + (interval.milliseconds - 1)) == open)
            #expect(interval.openTime(containing: open + interval.milliseconds) == open + interval.milliseconds)
            #expect(interval.openTime(containing: open - 1) == open - interval.milliseconds)
        }
    }

    @Test(
        arguments: [
            // A Sunday, late; the week began on Monday.
            (Interval.oneWeek, 1_744_588_799_999, "2025-04-07T00:00:00.000Z"),
            (.oneWeek, 1_744_588_800_000, "2025-04-14T00:00:00.000Z"),
            (.oneWeek, 0, "1969-12-29T00:00:00.000Z"), (.oneWeek, 345_600_000, "1970-01-05T00:00:00.000Z"),
            (.oneWeek, 345_599_999, "1969-12-29T00:00:00.000Z"), (.oneWeek, -604_800_000, "1969-12-22T00:00:00.000Z"),
            (.threeDays, 1_744_588_800_000, "2025-04-12T00:00:00.000Z"), (.fourHours, -1, "1969-12-31T20:00:00.000Z"),
            (.fiveMinutes, 1_744_431_899_999, "2025-04-12T04:20:00.000Z"), (.oneSecond, -1, "1969-12-31T23:59:59.000Z"),
        ] as [(Interval, Int64, String)]
    )
    func `open times are the exchange's`(interval: Interval, milliseconds: Int64, open: String) {
        #expect(interval.openTime(containing: Timestamp(milliseconds: milliseconds)).description == open)
    }

    @Test func `names are the field's and lengths match them`() {
        let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000]
        for interval in Interval.allCases {
            let (count, unit) = (Int64(interval.rawValue.dropLast()), interval.rawValue.last.flatMap { units[$0] })
            #expect(interval.milliseconds == (count ?? 0) * (unit ?? 0))
        }
        for name in ["", "1M", "2m", "1S", "60", "1 m"] { #expect(Interval(rawValue: name) == nil) }
    }

    @Test func `a candle ends one millisecond before the next begins`() {
        let candle = Candle(
            openTime: Timestamp(milliseconds: 60_000),
            open: "1",
            high: "1",
            low: "1",
            close: "1",
            volume: "0"
        )
        #expect(candle.closeTime(.oneMinute).milliseconds == 119_999)
    }
}
