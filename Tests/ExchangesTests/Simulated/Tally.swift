import Trading

@testable import Exchanges

/// What a consumer was told, and whether it fits together.
struct Tally: Sendable {
    var closed: [Candle] = []
    var joins = 0
    var interruptions = 0
    var isFirstJoin = true
    var problems: [String] = []

    mutating func take(_ event: MarketEvent) {
        switch event {
        case .closed(let candle, let time):
            if let last = closed.last, candle.openTime <= last.openTime { problems.append("\(candle.openTime) again") }
            if candle.closeTime(.oneMinute) >= time { problems.append("\(candle.openTime) was still forming") }
            closed.append(candle)
        case .forming(let candle, _):
            if let last = closed.last, candle.openTime <= last.openTime {
                problems.append("\(candle.openTime) is closed")
            }
        case .joined: joins += 1
        case .interrupted: interruptions += 1
        }
    }
}
