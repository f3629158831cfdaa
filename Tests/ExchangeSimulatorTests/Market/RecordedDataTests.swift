import Testing
import Trading

@testable import ExchangeSimulator

@Suite("Real recordings", .enabled(if: RecordedData.folder != nil, Comment(rawValue: RecordedData.isMissing)))
struct RecordedDataTests {
    @Test(
        "are replayed to the digit, gaps and all, and told once each by the stream",
        arguments: [
            "ADABTC-5m.csv", "XMRBTC-5m.csv", "ETHBTC-5m.csv", "BTCUSDT-5m.csv", "ETHUSDT-1m.csv", "BTCUSDT-1h.csv",
        ]
    )
    func areReplayed(name: String) throws {
        let recording = try Recording(path: RecordedData.path(name))
        let (symbol, interval) = (recording.symbol, recording.interval)
        let market = try ReplayMarket([recording], history: 200)
        let end = try #require(market.end)
        var (told, start) = ([Candle](), Timestamp(milliseconds: 0))
        while true {
            let page = market.klines(symbol, interval, KlineRange(start: start, end: nil, limit: 1_000), now: end)
            guard let last = page.last else { break }
            told += page.map(\.candle)
            start = last.openTime + 1
        }
        #expect(told == recording.candles)
        let updates = market.updates(symbol, interval, after: market.start, through: end, forming: true)
        #expect(updates.filter(\.isFinal).map(\.kline.candle) == Array(recording.candles.dropFirst(200)))
        let gaps = zip(recording.candles, recording.candles.dropFirst()).count { one, next in
            next.openTime.since(one.openTime) != interval.milliseconds
        }
        #expect(gaps == ["ADABTC-5m.csv": 5, "XMRBTC-5m.csv": 2][name, default: 0])
    }
}
