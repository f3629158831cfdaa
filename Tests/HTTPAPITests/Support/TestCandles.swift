import HTTPAPI
import Trading

/// An exchange that has a candle for every moment; its market AWAYUSDT does not answer.
struct TestCandles: CandleSource {
    func candles(
        exchange: String,
        symbol: Symbol,
        interval: Interval,
        from: Timestamp,
        limit: Int
    ) async throws -> [Candle] {
        if symbol.name == "AWAYUSDT" { throw APIUnavailable(detail: "The exchange cannot be asked for candles.") }
        let first = interval.openTime(containing: from + (interval.milliseconds - 1))
        return (0..<limit).map { index in
            Candle(
                openTime: first + Int64(index) * interval.milliseconds,
                open: "10.5",
                high: "12",
                low: "9.25",
                close: "11",
                volume: "3"
            )
        }
    }
}
