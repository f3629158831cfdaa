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
    private let desk: TradingDesk
    private let faults: FaultInjector
    private let isTellingForming: Bool
    /// Up to which market time everything has been told. Held while telling, so that events leave in order.
    private let told: Mutex<Timestamp>

    init(market: any Market, clock: MarketClock, hub: StreamHub, desk: TradingDesk, faults: FaultInjector) {
        self.market = market
        self.clock = clock
        self.hub = hub
        self.desk = desk
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

    /// Moves market time on by so many milliseconds, and tells what happened. Answers with how far that was possible.
    func step(milliseconds: Int64) -> Int64 {
        told.withLock { told in
            let start = told
            clock.advance(to: start + milliseconds)
            told = clock.now
            tell(after: start, through: told)
            return told.since(start)
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
        desk.match(after: start, through: end, forming: isTellingForming)
        var due: [(event: StreamEvent, number: Int, connections: [StreamConnection])] = []
        for (stream, connections) in hub.listeners() {
            for event in events(of: stream, after: start, through: end) {
                due.append((event, due.count, connections))
            }
        }
        // By time; what happens at the same moment by stream, and within a stream as it was told.
        due.sort { ($0.event.time, $0.event.stream.text, $0.number) < ($1.event.time, $1.event.stream.text, $1.number) }
        var outbox: [UInt64: (connection: StreamConnection, payloads: [ByteBuffer])] = [:]
        for (event, _, connections) in due where !faults.losesNextEvent() {
            var (plain, combined) = (ByteBuffer?.none, ByteBuffer?.none)
            for connection in connections {
                let payload: ByteBuffer
                if connection.isCombined {
                    payload = combined ?? event.payload(isCombined: true)
                    combined = payload
                } else {
                    payload = plain ?? event.payload(isCombined: false)
                    plain = payload
                }
                outbox[connection.id, default: (connection, [])].payloads.append(payload)
            }
        }
        for (connection, payloads) in outbox.values { connection.send(payloads) }
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
        case .trades(let symbol):
            return market.trades(symbol, after: start, through: end, forming: isTellingForming)
                .map { .trade($0, symbol, stream) }
        case .nothing: return []
        }
    }
}
