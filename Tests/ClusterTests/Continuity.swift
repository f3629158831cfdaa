import TestSupport
import Testing
import Trading

/// As many one-second candles were processed as the market has had between two looks: none missing, none twice.
func expectContinuity(
    _ before: JSONValue,
    _ after: JSONValue,
    _ location: SourceLocation = #_sourceLocation
) throws {
    func seconds(_ strategy: JSONValue) throws -> Int {
        let text = try #require(strategy["last_candle"]?.string)
        // 2025-04-01T12:30:00.000Z: one-second candles within one day are all that these tests have.
        let clock = text.dropFirst(11).prefix(8).split(separator: ":").compactMap { Int($0) }
        return clock[0] * 3_600 + clock[1] * 60 + clock[2]
    }
    let elapsed = (try seconds(after) - seconds(before) + 86_400) % 86_400
    let processed = try #require(after["candles"]?.integer) - #require(before["candles"]?.integer)
    #expect(processed == elapsed, "\(after["symbol"]?.string ?? "")", sourceLocation: location)
}
