import TestSupport
import Testing
import Trading

@testable import Exchanges

/// A market, a stream that misbehaves, a history that is paged and lags, and a consumer that dawdles, all driven by one seed
/// around one joiner. The invariants are checked at every step.
struct JoinerWalk {
    static let interval = Interval.oneMinute
    static let bufferLimit = 6

    private var random: SeededGenerator
    private let seed: Int
    private var machine: CandleJoinerStateMachine
    /// Open times of all candles of the market; the last is the forming one. Gaps are the market's own.
    private var market: [Int64] = []
    private let cursor: Timestamp

    private var isAttached = false
    /// Messages on their way, not always delivered in order.
    private var wire: [StreamedCandle] = []
    private var fetch: Fetch?
    private var backOff: Int?
    private var lags = 0

    private struct Fetch {
        let from: Timestamp
        /// Closed candles when it was asked for: a page without lag shows at least these.
        let closedAtStart: Int
    }

    private(set) var delivered: [Timestamp] = []
    private(set) var fetches = 0
    private(set) var joins = 0
    private(set) var interruptions = 0
    private var isJoined = false
    private var closedAtFetch = 0

    init(seed: Int) {
        self.seed = seed
        random = SeededGenerator(seed: UInt64(seed))
        var open: Int64 = 60_000 * 1_000
        for _ in 0..<Int.random(in: 1...30, using: &random) {
            market.append(open)
            open += 60_000 * (random.chance(10) ? Int64.random(in: 2...9, using: &random) : 1)
        }
        let start = Int.random(in: 0..<market.count, using: &random)
        // Cursors need not be open times of candles.
        cursor = Timestamp(milliseconds: market[start] - 60_000 + (random.chance(20) ? 1 : 0))
        machine = CandleJoinerStateMachine(interval: Self.interval, cursor: cursor, bufferLimit: Self.bufferLimit)
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps { step() }
        heal()
        let closed = market.dropLast().map { Timestamp(milliseconds: $0) }.filter { $0 > cursor }
        #expect(delivered == closed, "seed \(seed)")
        #expect(isJoined, "seed \(seed): never joined in the end")
    }

    private mutating func step() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<8: closeCandle()
        case 8..<16: formCandle()
        case 16..<35: deliverFromWire()
        case 35..<40: attach()
        case 40..<42: lose()
        case 42..<52:
            if let attempt = backOff {
                backOff = nil
                _ = machine.backOffElapsed(attempt: attempt)
            }
        case 52..<65: answerFetch()
        default: consume()
        }
        #expect(machine.buffered <= Self.bufferLimit, "seed \(seed): the buffer is not bounded")
    }

    /// From here on everything behaves, and everything must come.
    private mutating func heal() {
        lose()
        attach()
        settle()
        for _ in 0..<3 {
            closeCandle(reliable: true)
            settle()
        }
    }

    private mutating func settle() {
        for _ in 0..<1_000 {
            while !wire.isEmpty { _ = machine.streamed(wire.removeFirst()) }
            if let attempt = backOff {
                backOff = nil
                _ = machine.backOffElapsed(attempt: attempt)
            }
            if fetch != nil { answerFetch(reliable: true) }
            if !consume(), fetch == nil, backOff == nil { return }
        }
        Issue.record("seed \(seed): does not come to rest")
    }

    // MARK: The market and its stream

    private mutating func closeCandle(reliable: Bool = false) {
        let closed = market.last!
        let gap = reliable || random.chance(93) ? 1 : Int64.random(in: 2...5, using: &random)
        market.append(closed + 60_000 * gap)
        send(closed, isClosed: true, reliable: reliable)
        if reliable { send(market.last!, isClosed: false, reliable: true) }
    }

    private mutating func formCandle() { send(market.last!, isClosed: false, reliable: false) }

    private mutating func send(_ open: Int64, isClosed: Bool, reliable: Bool) {
        guard isAttached else { return }
        let time = isClosed ? market.last! : open + Int64.random(in: 0..<60_000, using: &random)
        let update = StreamedCandle(
            candle: Self.candle(open),
            isClosed: isClosed,
            eventTime: Timestamp(milliseconds: time)
        )
        if reliable { return wire.append(update) }
        if random.chance(10) { return }
        wire.append(update)
        if random.chance(10) { wire.append(update) }
    }

    private mutating func deliverFromWire() {
        guard !wire.isEmpty else { return }
        let index = random.chance(15) ? Int.random(in: 0..<wire.count, using: &random) : 0
        _ = machine.streamed(wire.remove(at: index))
    }

    private mutating func attach() {
        isAttached = true
        _ = machine.streamAttached()
    }

    private mutating func lose() {
        isAttached = false
        // Nothing of a lost stream arrives after its loss; what closed before may, and does no harm.
        wire = random.chance(50) ? [] : wire.filter(\.isClosed)
        _ = machine.streamLost(reason: "cut")
    }

    // MARK: History

    private mutating func answerFetch(reliable: Bool = false) {
        guard let fetch else { return }
        self.fetch = nil
        if !reliable, random.chance(15) {
            return random.chance(50) ? machine.fetchFailed(reason: "down") : machine.fetchAbandoned()
        }
        var shown = market[...]
        // History lags by a candle now and then, but not for ever.
        if !reliable, lags < 3, random.chance(20) {
            shown = shown.dropLast()
            lags += 1
        } else {
            lags = 0
        }
        let limit = Int.random(in: 2...8, using: &random)
        var rows = shown.filter { $0 >= fetch.from.milliseconds }.prefix(limit)
        let isComplete = rows.count < limit
        let reaches = rows.last.map { Timestamp(milliseconds: $0) }
        if !rows.isEmpty { rows.removeLast() }
        closedAtFetch = lags > 0 ? 0 : fetch.closedAtStart
        machine.fetched(
            CandlePage(
                candles: rows.map(Self.candle),
                reaches: reaches,
                isComplete: isComplete,
                exchangeTime: Timestamp(milliseconds: market.last! + 1)
            )
        )
    }

    // MARK: The consumer

    /// - Returns: whether there was anything to do.
    @discardableResult
    private mutating func consume() -> Bool {
        switch machine.next() {
        case .deliver(let event):
            check(event)
        case .fetch(let from):
            #expect(fetch == nil, "seed \(seed): two fetches at once")
            fetches += 1
            fetch = Fetch(from: from, closedAtStart: market.count - 1)
        case .backOff(let attempt):
            backOff = attempt
        case .wait:
            return false
        case .finish:
            Issue.record("seed \(seed): ended by itself")
        }
        return true
    }

    private mutating func check(_ event: MarketEvent) {
        switch event {
        case .closed(let candle, _):
            let closed = market.dropLast().first { $0 > (delivered.last ?? cursor).milliseconds }
            #expect(candle.openTime.milliseconds == closed, "seed \(seed): not the next candle")
            delivered.append(candle.openTime)
        case .forming(let candle, _):
            let next = market.first { $0 > (delivered.last ?? cursor).milliseconds }
            #expect(candle.openTime.milliseconds == next, "seed \(seed): a forming candle out of place")
        case .joined:
            #expect(!isJoined, "seed \(seed): joined twice without an interruption")
            let owed = market.prefix(closedAtFetch).filter { $0 > cursor.milliseconds }.count
            #expect(delivered.count >= owed, "seed \(seed): joined before everything was delivered")
            isJoined = true
            joins += 1
        case .interrupted:
            isJoined = false
            interruptions += 1
        }
    }

    private static func candle(_ open: Int64) -> Candle {
        let price = FixedDecimal(Int(open / 60_000))
        return Candle(
            openTime: Timestamp(milliseconds: open),
            open: price,
            high: price,
            low: price,
            close: price,
            volume: .one
        )
    }
}
