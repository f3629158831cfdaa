import NIOCore
import Synchronization
import Trading

/// Tells everybody who listens what happened in the market since it last told.
final class StreamPublisher: Sendable {
    /// Above this speed only openings and closes are told, not what happens between them.
    private static let fastestForming = 4.0

    private let market: any Market
    private let clock: MarketClock
    private let hub: StreamHub
    private let faults: FaultInjector
    private let isTellingForming: Bool
    /// Up to which market time everything has been told. Held while telling, so that events leave in order.
    private let told: Mutex<Timestamp>

    init(market: any Market, clock: MarketClock, hub: StreamHub, faults: FaultInjector) {
        self.market = market
        self.clock = clock
        self.hub = hub
        self.faults = faults
        isTellingForming =
            switch clock.pace {
            case .machine: true
            case .running(_, let speed): speed <= Self.fastestForming
            case .steps: false
            }
        told = Mutex(clock.now)
    }

    /// Tells what is due, waits for the next thing, and so on until it is cancelled or the market has ended.
    func run() async throws {
        if case .steps = clock.pace { return }
        while true {
            let now = clock.now
            publish(through: now)
            guard let next = market.nextUpdate(after: now, forming: isTellingForming) else { return }
            try await Task.sleep(for: clock.wait(until: next), tolerance: .zero)
        }
    }

    /// Moves market time on to the close of the next candle, so many times, and tells what happened.
    ///
    /// Answers with how often that was possible: less than asked where the market ended.
    func step(candles: Int) -> Int {
        told.withLock { told in
            for count in 0..<candles {
                guard let close = market.nextClose(after: told) else { return count }
                clock.advance(to: close)
                tell(after: told, through: close)
                told = close
            }
            return candles
        }
    }

    func publish(through now: Timestamp) {
        told.withLock { told in
            guard now > told else { return }
            tell(after: told, through: now)
            told = now
        }
    }

    private func tell(after start: Timestamp, through end: Timestamp) {
        var outbox: [UInt64: (connection: StreamConnection, events: [StreamEvent])] = [:]
        for (stream, connections) in hub.listeners() {
            for event in events(of: stream, after: start, through: end) where !faults.losesNextEvent() {
                for connection in connections {
                    outbox[connection.id, default: (connection, [])].events.append(event)
                }
            }
        }
        for (connection, events) in outbox.values {
            // A connection hears of several streams in the order of their events. The sort keeps the order of equals.
            let isCombined = connection.isCombined
            connection.send(events.sorted { $0.time < $1.time }.map { $0.payload(isCombined: isCombined) })
        }
    }

    private func events(of stream: StreamName, after start: Timestamp, through end: Timestamp) -> [StreamEvent] {
        switch stream.content {
        case .klines(let symbol, let interval):
            guard market.serves(symbol, interval) else { return [] }
            return market.updates(symbol, interval, after: start, through: end, forming: isTellingForming)
                .map { .kline($0, symbol, interval, stream) }
        case .miniTicker(let symbol):
            // Once a second, as on Binance.
            let second = Interval.oneSecond.openTime(containing: end)
            guard second > start, let day = market.summary(symbol, from: second - 86_400_000, now: second) else {
                return []
            }
            return [.miniTicker(day, symbol, at: second, stream)]
        case .trades, .nothing: return []
        }
    }
}
