import Trading

/// What a candle stream has told since it was attached, as far as a consumer that comes later may need it: the last candles
/// that closed, and the one that forms.
struct StreamMemory: Sendable, Equatable {
    /// Enough for those who left off a few candles ago; what is older is history's.
    static let closedCandles = 8

    /// When the stream was attached; it tells everything that happened after.
    let since: ContinuousClock.Instant
    private var closed: [StreamedCandle] = []
    private var forming: StreamedCandle?

    init(since: ContinuousClock.Instant) {
        self.since = since
    }

    /// Oldest first; the forming one is the last.
    var candles: [StreamedCandle] { closed + (forming.map { [$0] } ?? []) }

    mutating func take(_ update: StreamedCandle) {
        let openTime = update.candle.openTime
        let index = closed.firstIndex { $0.candle.openTime >= openTime } ?? closed.endIndex
        guard update.isClosed else {
            // A late one of a candle that has closed meanwhile says nothing.
            guard index == closed.endIndex else { return }
            if let forming, (forming.candle.openTime, forming.eventTime) > (openTime, update.eventTime) { return }
            forming = update
            return
        }
        if let forming, forming.candle.openTime <= openTime { self.forming = nil }
        if index < closed.endIndex, closed[index].candle.openTime == openTime { return }
        closed.insert(update, at: index)
        if closed.count > Self.closedCandles { closed.removeFirst() }
    }
}
