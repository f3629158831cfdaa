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

    /// Of five minutes; each step is up to half a percent either way.
    static func randomWalk(count: Int, seed: UInt64) -> [Candle] {
        RandomWalk.candles(count: count, from: start, interval: .fiveMinutes, step: 0.005, wick: 0.001, seed: seed)
    }
}

extension Candle {
    /// As it was at its first moment: only the open is known.
    var atItsOpen: Candle {
        Candle(openTime: openTime, open: open, high: open, low: open, close: open, volume: .zero)
    }
}
