import Trading

/// The recorded candles of one symbol, told at one interval: the recorded one itself or a multiple of it.
///
/// A candle tells nothing before its time: while it forms, of its newest recorded candle only the open is known.
struct RecordedSeries: Sendable {
    let interval: Interval
    /// The length of the recorded candles.
    private let part: Int64
    private let parts: [Kline]
    /// The told candles, complete, and which recorded ones each consists of.
    private let candles: [(kline: Kline, parts: Range<Int>)]

    /// - Parameters:
    ///   - parts: the recorded candles (``parts(of:)``), oldest first.
    ///   - recorded: their interval, of which `interval` is a multiple.
    init(parts: [Kline], recorded: Interval, interval: Interval) {
        self.interval = interval
        self.parts = parts
        part = recorded.milliseconds
        var candles: [(kline: Kline, parts: Range<Int>)] = []
        var (index, next) = (0, 0)
        while index < parts.count {
            let openTime = interval.openTime(containing: parts[index].openTime)
            let closing = openTime + interval.milliseconds
            var kline = interval == recorded ? parts[index] : parts[index].opening(at: openTime)
            next = index + 1
            while next < parts.count, parts[next].openTime < closing {
                kline = kline.extended(by: parts[next])
                next += 1
            }
            candles.append((kline, index..<next))
            index = next
        }
        self.candles = candles
    }

    static func parts(of recording: Recording) -> [Kline] { recording.candles.map(kline) }

    /// What a recording does not tell is supplied plausibly: amounts at the candle's average price, half of it bought
    /// by takers.
    private static func kline(_ candle: Candle) -> Kline {
        let four = FixedDecimal(4)
        let amount = candle.volume * ((candle.open + candle.high + candle.low + candle.close) / four)
        let two = FixedDecimal(2)
        return Kline(
            candle: candle,
            quoteVolume: amount,
            trades: candle.volume.isZero ? 0 : 1,
            takerBuyVolume: candle.volume / two,
            takerBuyQuoteVolume: amount / two
        )
    }

    func klines(_ range: KlineRange, now: Timestamp) -> [Kline] {
        guard range.limit > 0 else { return [] }
        let upper = firstIndex { $0.kline.openTime > min(range.end ?? now, now) }
        let lower =
            range.start.map { start in firstIndex { $0.kline.openTime >= start } } ?? max(0, upper - range.limit)
        guard lower < upper else { return [] }
        return (lower..<min(upper, lower + range.limit)).compactMap { kline(at: $0, now: now) }
    }

    func updates(after start: Timestamp, through end: Timestamp) -> [KlineUpdate] {
        var updates: [KlineUpdate] = []
        // A candle that closed at or before `start` has nothing more to tell.
        let first = firstIndex { $0.kline.openTime + interval.milliseconds > start }
        for index in first..<max(first, candles.count) {
            let candle = candles[index]
            guard candle.kline.openTime <= end else { break }
            let closing = candle.kline.openTime + interval.milliseconds
            var moments: [Timestamp] = []
            for part in parts[candle.parts] {
                if moments.last != part.openTime { moments.append(part.openTime) }
                moments.append(part.openTime + self.part)
            }
            for moment in moments where moment > start && moment <= end && moment < closing {
                guard let kline = kline(at: index, now: moment) else { continue }
                updates.append(KlineUpdate(time: moment, kline: kline, isFinal: false))
            }
            if closing > start, closing <= end {
                updates.append(KlineUpdate(time: closing, kline: candle.kline, isFinal: true))
            }
        }
        return updates
    }

    /// A trade at the close of each recorded candle, as large as all that was traded in it.
    func trades(after start: Timestamp, through end: Timestamp) -> [MarketTrade] {
        let lower = parts.firstIndex(after: start - part, by: \.openTime)
        let upper = parts.firstIndex(after: end - part, by: \.openTime)
        return (lower..<max(lower, upper)).filter { parts[$0].candle.volume.isPositive }.map { index in
            let candle = parts[index].candle
            return MarketTrade(
                id: Int64(index) + 1,
                time: candle.openTime + (part - 1),
                price: candle.close,
                quantity: candle.volume,
                low: candle.low,
                high: candle.high,
                isBuyerMaker: candle.close < candle.open
            )
        }
    }

    /// What was traded from `start` until `now`, in recorded candles.
    func summary(from start: Timestamp, now: Timestamp) -> Kline? {
        let lower = parts.firstIndex(after: start - 1, by: \.openTime)
        let upper = parts.firstIndex(after: now, by: \.openTime)
        return lower < upper ? merged(lower..<upper, now: now) : nil
    }

    /// The price last traded by `now`: of a candle that is still forming, its open.
    func price(at now: Timestamp) -> FixedDecimal? {
        let next = parts.firstIndex(after: now, by: \.openTime)
        guard next > 0 else { return nil }
        return merged((next - 1)..<next, now: now)?.candle.close
    }

    private func kline(at index: Int, now: Timestamp) -> Kline? {
        let candle = candles[index]
        if candle.kline.openTime + interval.milliseconds <= now { return candle.kline }
        if let merged = merged(candle.parts, now: now) { return merged.opening(at: candle.kline.openTime) }
        return nil
    }

    /// The parts joined, as far as they are known by `now`.
    private func merged(_ range: Range<Int>, now: Timestamp) -> Kline? {
        var result: Kline?
        for part in parts[range] where part.openTime <= now {
            let isClosed = part.openTime + self.part <= now
            let known = isClosed ? part : Kline.opening(at: part.openTime, price: part.candle.open)
            result = result?.extended(by: known) ?? known
        }
        return result
    }

    private func firstIndex(where predicate: ((kline: Kline, parts: Range<Int>)) -> Bool) -> Int {
        var (low, high) = (0, candles.count)
        while low < high {
            let middle = (low + high) / 2
            if predicate(candles[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension Array {
    /// The first index whose time is after `moment`, in an array sorted by that time.
    fileprivate func firstIndex(after moment: Timestamp, by time: (Element) -> Timestamp) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if time(self[middle]) > moment { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
