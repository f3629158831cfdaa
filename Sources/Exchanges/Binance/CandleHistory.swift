import Trading

/// What one market's consumers have missed: asked for once for all of them.
///
/// Most have missed nothing: that is told by the exchange's clock alone, one answer of which serves all markets.
final class CandleHistory: Sendable {
    private struct Question: Sendable {
        let from: Timestamp
        /// Of the exchange, before it is asked.
        let time: Timestamp
    }

    /// Those whose gaps begin at most so many candles apart share a page.
    private static let sharedCandles: Int64 = 100

    private let interval: Interval
    private let clock: SharedAnswers<Void, Timestamp>
    private let pages: SharedAnswers<Question, CandlePage>

    init(
        interval: Interval,
        clock: SharedAnswers<Void, Timestamp>,
        fetch: @escaping @Sendable (Timestamp, Timestamp) async throws(ExchangeError) -> CandlePage
    ) {
        self.interval = interval
        self.clock = clock
        let reach = Self.sharedCandles * interval.milliseconds
        pages = SharedAnswers(
            lifetime: BinanceExchange.answerLifetime,
            covers: { $0.from <= $1.from && $1.from.since($0.from) <= reach },
            // A long page helps those who ask now; it is not worth keeping.
            isKept: { $0.isComplete && $0.candles.count <= Self.sharedCandles },
            ask: { (question: Question) async throws(ExchangeError) in try await fetch(question.from, question.time) }
        )
    }

    /// Closed candles with open time ≥ `from`, as they were at `since` or later.
    func page(from: Timestamp, since: ContinuousClock.Instant) async throws(ExchangeError) -> CandlePage {
        let time = try await clock.answer(to: (), since: since)
        let first = interval.openTime(containing: from + (interval.milliseconds - 1))
        guard time >= first + interval.milliseconds else {
            // The first candle that it could be has not closed yet.
            let forming = interval.openTime(containing: time)
            return CandlePage(
                candles: [],
                reaches: forming >= from ? forming : nil,
                isComplete: true,
                exchangeTime: time
            )
        }
        return try await pages.answer(to: Question(from: from, time: time), since: since)
    }
}
