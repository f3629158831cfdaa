import Testing
import Trading

@testable import ExchangeSimulator

/// Both markets must page alike, as Binance does.
@Suite("Paging through candles")
struct KlinePagingTests {
    private static let minute: Int64 = 60_000
    /// 2025-06-15 12:00:00 UTC; candle 100 of the recording.
    private static let noon = Timestamp(milliseconds: 1_749_988_800_000)
    /// Half a minute into the candle that opens at noon.
    private static let now = noon + 30_000

    struct Page: Sendable, CustomTestStringConvertible {
        let start: Int64?
        let end: Int64?
        let limit: Int
        /// The open times expected, in minutes from noon.
        let expected: [Int64]

        var testDescription: String { "\(start.map(String.init) ?? "-")…\(end.map(String.init) ?? "-"), \(limit)" }
    }

    /// Starts and ends are in milliseconds from noon.
    static let pages = [
        Page(start: nil, end: nil, limit: 3, expected: [-2, -1, 0]),
        Page(start: nil, end: nil, limit: 1, expected: [0]),
        Page(start: 0, end: nil, limit: 5, expected: [0]),
        Page(start: 1, end: nil, limit: 5, expected: []),
        Page(start: -minute, end: nil, limit: 5, expected: [-1, 0]),
        Page(start: -minute + 1, end: nil, limit: 5, expected: [0]),
        Page(start: -5 * minute, end: nil, limit: 2, expected: [-5, -4]),
        Page(start: nil, end: -1, limit: 2, expected: [-2, -1]),
        Page(start: nil, end: 0, limit: 2, expected: [-1, 0]),
        Page(start: nil, end: -minute - 1, limit: 2, expected: [-3, -2]),
        Page(start: nil, end: 100 * minute, limit: 2, expected: [-1, 0]),
        Page(start: -5 * minute, end: -3 * minute, limit: 10, expected: [-5, -4, -3]),
        Page(start: -5 * minute, end: -3 * minute - 1, limit: 10, expected: [-5, -4]),
        Page(start: -5 * minute, end: -3 * minute, limit: 2, expected: [-5, -4]),
        Page(start: -3 * minute, end: -3 * minute, limit: 2, expected: [-3]),
        Page(start: -3 * minute, end: -5 * minute, limit: 2, expected: []),
        Page(start: -3 * minute + 1, end: -3 * minute + 2, limit: 2, expected: []),
    ]

    @Test("gives the earliest from a start, else the latest, by open time with both ends included", arguments: pages)
    func paging(page: Page) throws {
        let range = KlineRange(
            start: page.start.map { Self.noon + $0 },
            end: page.end.map { Self.noon + $0 },
            limit: page.limit
        )
        let lines = (Int64(-100)...20).map { "\((Self.noon + $0 * Self.minute).milliseconds),1,1,1,1,1" }
        let recording = try Recording(file: "ETHUSDT-1m.csv", text: lines.joined(separator: "\n"))
        let markets: [any Market] = [SyntheticMarket(seed: 1), try ReplayMarket([recording], history: 10)]
        for market in markets {
            let klines = market.klines("ETHUSDT", .oneMinute, range, now: Self.now)
            #expect(klines.map { $0.openTime.since(Self.noon) / Self.minute } == page.expected, "\(type(of: market))")
        }
    }
}
