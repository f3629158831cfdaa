import FoundationEssentials
import TestSupport
import Testing
import Trading

/// Candles to run strategies over.
enum Candles {
    static let start = Timestamp(milliseconds: 1_744_431_600_000)

    static let areRecorded = recordedCandles("BTCUSDT-5m") != nil
    static let missing: Comment = "recorded candles are not on this machine: set TENURE_TEST_DATA to their folder"

    /// Recorded ones (`BTCUSDT-5m`), oldest first.
    static func recorded(_ name: String) throws -> [Candle] {
        let path = try #require(recordedCandles(name), missing)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        return try text.split(whereSeparator: \.isNewline).dropFirst().map { line in
            let columns = line.split(separator: ",")
            let numbers = try columns.dropFirst().map { try #require(FixedDecimal(String($0))) }
            try #require(numbers.count == 5)
            return Candle(
                openTime: Timestamp(milliseconds: try #require(Int64(columns[0]))),
                open: numbers[0],
                high: numbers[1],
                low: numbers[2],
                close: numbers[3],
                volume: numbers[4]
            )
        }
    }

    /// A made-up market in prices of two decimals; each step is up to half a percent either way.
    static func randomWalk(count: Int, interval: Interval = .fiveMinutes, seed: UInt64) -> [Candle] {
        var random = SeededGenerator(seed: seed)
        var price = 84_000.0
        return (0..<count).map { index in
            let open = price
            price *= 1 + Double.random(in: -0.005...0.005, using: &random)
            let high = max(open, price) * (1 + Double.random(in: 0...0.001, using: &random))
            let low = min(open, price) * (1 - Double.random(in: 0...0.001, using: &random))
            return Candle(
                openTime: start + Int64(index) * interval.milliseconds,
                open: cents(open),
                high: cents(high),
                low: cents(low),
                close: cents(price),
                volume: FixedDecimal(raw: Int128.random(in: 0...10_000_000_000, using: &random))
            )
        }
    }

    private static func cents(_ price: Double) -> FixedDecimal {
        FixedDecimal(raw: Int128((price * 100).rounded()) * 1_000_000)
    }
}

extension Candle {
    /// As it was at its first moment: only the open is known.
    var atItsOpen: Candle {
        Candle(openTime: openTime, open: open, high: open, low: open, close: open, volume: .zero)
    }
}
