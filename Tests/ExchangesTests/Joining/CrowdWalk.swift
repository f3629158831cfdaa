import TestSupport
import Testing
import Trading

@testable import Exchanges

/// A market, one stream of it that loses, repeats and breaks, and many who join it at different times from different cursors,
/// sharing what the stream remembers and what history answers; all driven by one seed.
struct CrowdWalk {
    private static let interval = Interval.oneMinute
    private static let minute = interval.milliseconds

    private struct Joiner {
        var machine: CandleJoinerStateMachine
        let cursor: Int64
        /// Pages that were asked for before this step are of no use.
        var since: Int
        var isWaitingForPage = false
        var hasFetched = false
        var backOff: Int?
        var delivered: [Int64] = []
    }

    private struct Asking {
        let from: Int64
        let begun: Int
        let time: Int64
        var waiting: [Int]
    }

    private let seed: Int
    private var random: SeededGenerator
    private var step = 0
    /// Open times; the last is forming, or will be after a gap.
    private var market: [Int64] = [60_000_000]
    private var time: Int64 = 60_000_000
    private var memory: StreamMemory?
    private var attachedAt = 0
    private var joiners: [Int: Joiner] = [:]
    private var lastJoiner = 0
    private var askings: [Asking] = []
    private var kept: (page: CandlePage, from: Int64, begun: Int)?
    private(set) var joinsWithoutHistory = 0
    private(set) var sharedPages = 0

    init(seed: Int) {
        self.seed = seed
        random = SeededGenerator(seed: UInt64(seed))
    }

    mutating func run(steps: Int) {
        for _ in 0..<steps {
            step += 1
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<10: closeCandle()
            case 10..<20: formCandle()
            case 20..<24: memory == nil ? attach() : lose()
            case 24..<34: come()
            case 34..<38: if let id = joiners.keys.sorted().randomElement(using: &random) { leave(id) }
            case 38..<46: if !askings.isEmpty { answer(Int.random(in: 0..<askings.count, using: &random)) }
            case 46..<52: elapse()
            default: if let id = joiners.keys.sorted().randomElement(using: &random) { consume(id) }
            }
        }
        heal()
    }

    /// Everything behaves, and everybody must have everything.
    private mutating func heal() {
        if memory == nil { attach() }
        for _ in 0..<2 {
            closeCandle(isReliable: true)
            formCandle(isReliable: true)
            for _ in 0..<20 {
                step += 1
                elapse(all: true)
                while !askings.isEmpty { answer(0) }
                for id in joiners.keys.sorted() { while consume(id) {} }
            }
        }
        for id in joiners.keys.sorted() {
            let joiner = joiners[id]!
            #expect(joiner.delivered == market.dropLast().filter { $0 > joiner.cursor }, "seed \(seed), joiner \(id)")
        }
    }

    // MARK: The stream

    private mutating func closeCandle(isReliable: Bool = false) {
        let closed = market.last!
        time = max(time, closed + Self.minute)
        tell(closed, isClosed: true, isReliable)
        if !isReliable, random.chance(7) { time += Self.minute * Int64.random(in: 1...4, using: &random) }
        market.append(Self.interval.openTime(containing: Timestamp(milliseconds: time)).milliseconds)
    }

    private mutating func formCandle(isReliable: Bool = false) {
        time = max(time, min(time + Int64.random(in: 1...9_000, using: &random), market.last! + Self.minute - 1))
        tell(market.last!, isClosed: false, isReliable)
    }

    private mutating func tell(_ open: Int64, isClosed: Bool, _ isReliable: Bool) {
        guard memory != nil, isReliable || !random.chance(8) else { return }
        let candle = StreamedCandle(
            candle: Self.candle(open),
            isClosed: isClosed,
            eventTime: Timestamp(milliseconds: time)
        )
        for _ in 0..<(random.chance(10) ? 2 : 1) {
            memory!.take(candle)
            for id in joiners.keys { _ = joiners[id]!.machine.streamed(candle) }
        }
    }

    private mutating func attach() {
        memory = StreamMemory(since: .now)
        attachedAt = step
        for id in joiners.keys { attach(id) }
    }

    private mutating func attach(_ id: Int) {
        guard let memory else { return }
        joiners[id]!.since = attachedAt
        _ = joiners[id]!.machine.streamAttached(recent: memory.candles)
    }

    private mutating func lose() {
        memory = nil
        for id in joiners.keys { _ = joiners[id]!.machine.streamLost(reason: "cut") }
    }

    // MARK: The crowd

    private mutating func come() {
        lastJoiner += 1
        let back = random.chance(60) ? 1 : Int.random(in: 1...12, using: &random)
        let cursor = market.dropLast().suffix(back).first ?? market[0] - Self.minute
        joiners[lastJoiner] = Joiner(
            machine: CandleJoinerStateMachine(
                interval: Self.interval,
                cursor: Timestamp(milliseconds: cursor),
                bufferLimit: 6
            ),
            cursor: cursor,
            since: step
        )
        attach(lastJoiner)
    }

    private mutating func leave(_ id: Int) {
        joiners[id] = nil
        for index in askings.indices { askings[index].waiting.removeAll { $0 == id } }
    }

    private mutating func elapse(all: Bool = false) {
        for id in joiners.keys.sorted() where all || random.chance(30) {
            guard let attempt = joiners[id]!.backOff.take() else { continue }
            _ = joiners[id]!.machine.backOffElapsed(attempt: attempt)
        }
    }

    /// - Returns: whether there was anything to do.
    @discardableResult
    private mutating func consume(_ id: Int) -> Bool {
        guard !joiners[id]!.isWaitingForPage else { return false }
        switch joiners[id]!.machine.next() {
        case .deliver(.closed(let candle, _)):
            let last = joiners[id]!.delivered.last ?? joiners[id]!.cursor
            let next = market.dropLast().first { $0 > last }
            #expect(candle.openTime.milliseconds == next, "seed \(seed), joiner \(id): not the next candle")
            joiners[id]!.delivered.append(candle.openTime.milliseconds)
        case .deliver(.joined(let time)):
            let (cursor, last) = (joiners[id]!.cursor, joiners[id]!.delivered.last ?? joiners[id]!.cursor)
            let missing = market.dropLast().filter {
                $0 > max(last, cursor) && $0 + Self.minute <= time.milliseconds
            }
            #expect(missing == [], "seed \(seed), joiner \(id): joined before everything was delivered")
            if !joiners[id]!.hasFetched { joinsWithoutHistory += 1 }
        case .deliver:
            break
        case .fetch(let from):
            ask(from.milliseconds, id)
        case .backOff(let attempt):
            joiners[id]!.backOff = attempt
        case .wait:
            return false
        case .finish:
            Issue.record("seed \(seed): ended by itself")
        }
        return true
    }

    // MARK: History

    private mutating func ask(_ from: Int64, _ id: Int) {
        joiners[id]!.hasFetched = true
        let since = joiners[id]!.since
        if let kept, kept.begun >= since, kept.from <= from {
            sharedPages += 1
            return deliver(kept.page, to: id)
        }
        joiners[id]!.isWaitingForPage = true
        if let index = askings.firstIndex(where: { $0.begun >= since && $0.from <= from }) {
            sharedPages += 1
            askings[index].waiting.append(id)
        } else {
            askings.append(Asking(from: from, begun: step, time: time, waiting: [id]))
        }
    }

    private mutating func answer(_ index: Int) {
        let asking = askings.remove(at: index)
        let limit = Int.random(in: 3...20, using: &random)
        var rows = market.filter { $0 >= asking.from && $0 <= time }.prefix(limit)
        let (isComplete, reaches) = (rows.count < limit, rows.last)
        if let last = rows.last, !isComplete || last + Self.minute > asking.time { rows.removeLast() }
        let page = CandlePage(
            candles: rows.map(Self.candle),
            reaches: reaches.map { Timestamp(milliseconds: $0) },
            isComplete: isComplete,
            exchangeTime: Timestamp(milliseconds: max(asking.time, reaches ?? 0))
        )
        if isComplete { kept = (page, asking.from, asking.begun) }
        for id in asking.waiting { deliver(page, to: id) }
    }

    private mutating func deliver(_ page: CandlePage, to id: Int) {
        joiners[id]!.isWaitingForPage = false
        joiners[id]!.since = step + 1
        joiners[id]!.machine.fetched(page)
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
