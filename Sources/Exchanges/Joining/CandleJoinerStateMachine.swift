import Trading

/// Joins a candle stream, which may duplicate, reorder, lose and break, with fetched history, so that every candle after a
/// cursor comes out exactly once and in order.
///
/// Two rules carry it. A candle is *due* when it directly follows the last one delivered, or when the exchange's own history
/// has shown that nothing lies between. And whatever else is seen proves a hole, which history must fill before anything
/// goes on. Everything is told by the open times; no clock is involved. It has *joined* when history was fetched to its end
/// while the stream was live, or when the stream itself shows a forming candle that is due.
struct CandleJoinerStateMachine {
    enum Action: Sendable, Hashable {
        /// Hand it to the consumer.
        case deliver(MarketEvent)
        /// Fetch candles with open time ≥ `from`, then say ``fetched(_:)``, ``fetchFailed(reason:)`` or ``fetchAbandoned()``.
        case fetch(from: Timestamp)
        /// Say ``backOffElapsed(attempt:)`` after a delay that grows with `attempt` (from 1), and go on meanwhile.
        case backOff(attempt: Int)
        /// Nothing to do until something is reported.
        case wait
        /// The sequence is over.
        case finish
    }

    /// How often history may fail to show what the stream has shown, before that is taken for a gap of the exchange itself.
    /// History is served behind the stream and may lag it by moments.
    static let patienceWithHistory = 8

    private let interval: Interval
    /// How many streamed candles are kept for the consumer.
    private let bufferLimit: Int

    /// Open time of the last candle delivered; at first the cursor.
    private var last: Timestamp
    /// History has shown that no undelivered candle has an open time in (`last`, `verified`).
    private var verified: Timestamp?
    /// Fetched candles on their way to the consumer.
    private var page: ArraySlice<Candle> = []
    private var pageTime = Timestamp(milliseconds: 0)
    /// Closed candles from the stream, by open time, without duplicates.
    private var streamed: [StreamedCandle] = []
    private var forming: StreamedCandle?

    private var isAttached = false
    /// Counts attachments, so that a fetch begun before the latest one is not taken for the join.
    private var attachment = 0
    /// History may hold candles that the buffers do not.
    private var needsFill = false
    /// ``MarketEvent/joined(exchangeTime:)`` is owed once nothing is missing.
    private var owesJoin = false
    /// It has been, at this time: say so when everything fetched is delivered.
    private var joined: Timestamp?
    private var interruption: String?
    /// An interruption was told (or is about to be) and no join since.
    private var isInterrupted = false

    /// The attachment at which the fetch under way began.
    private var fetching: Int?
    private var failures = 0
    /// Fetches to the end in a row that showed nothing new although the stream had proved a hole.
    private var fruitless = 0
    private var backingOff: BackOff = .none
    private var isFinished = false

    private enum BackOff { case none, due, running }

    init(interval: Interval, cursor: Timestamp, bufferLimit: Int) {
        precondition(bufferLimit > 0, "a joiner needs room for at least one candle")
        self.interval = interval
        self.bufferLimit = bufferLimit
        last = cursor
    }

    /// Streamed candles that wait for the consumer.
    var buffered: Int { streamed.count }

    // MARK: What the consumer asks

    /// The next thing to do for the consumer. Every action but ``Action/wait`` and ``Action/fetch(from:)`` is to be followed by
    /// another call when the consumer wants more.
    mutating func next() -> Action {
        if isFinished { return .finish }
        while let candle = page.popFirst() {
            if candle.openTime > last { return deliver(candle, at: pageTime) }
        }
        // Before what was streamed since: a consumer that always has a backlog is to know, too.
        if let time = joined {
            joined = nil
            isInterrupted = false
            return .deliver(.joined(exchangeTime: time))
        }
        while let head = streamed.first, head.candle.openTime <= last { streamed.removeFirst() }
        if let head = streamed.first, isDue(head.candle) {
            streamed.removeFirst()
            return deliver(head.candle, at: head.eventTime)
        }
        if let reason = interruption {
            interruption = nil
            return .deliver(.interrupted(reason: reason))
        }
        if let forming, forming.candle.openTime <= last { self.forming = nil }
        if isAttached, let update = forming, isDue(update.candle), update.eventTime >= pageTime {
            // Nothing lies between what was delivered and what forms now: there is nothing to fetch. (One that is older than
            // what history has shown says nothing of now.)
            needsFill = false
            backingOff = .none
            if owesJoin {
                owesJoin = false
                isInterrupted = false
                return .deliver(.joined(exchangeTime: update.eventTime))
            }
        }
        if fetching == nil, isAttached, needsFill || hole != nil {
            switch backingOff {
            case .due:
                backingOff = .running
                return .backOff(attempt: max(failures, fruitless))
            case .running:
                return .wait
            case .none:
                needsFill = false
                fetching = attachment
                return .fetch(from: last + 1)
            }
        }
        if let update = forming, isDue(update.candle) {
            forming = nil
            return .deliver(.forming(update.candle, exchangeTime: update.eventTime))
        }
        return .wait
    }

    private mutating func deliver(_ candle: Candle, at time: Timestamp) -> Action {
        last = candle.openTime
        return .deliver(.closed(candle, exchangeTime: time))
    }

    private func isDue(_ candle: Candle) -> Bool {
        if let verified, candle.openTime <= verified { return true }
        return candle.openTime == last + interval.milliseconds
    }

    /// Open time of the first candle that the stream has shown and that cannot be delivered yet.
    private var hole: Timestamp? {
        guard let ahead = streamed.first ?? forming, ahead.candle.openTime > last, !isDue(ahead.candle) else {
            return nil
        }
        return ahead.candle.openTime
    }

    // MARK: What the stream reports

    /// The stream is live: whatever happens from now on will be reported.
    ///
    /// - Parameter recent: What it has told since it was attached, if that was before this consumer came.
    /// - Returns: whether the consumer should look again; so for all reports.
    mutating func streamAttached(recent: [StreamedCandle] = []) -> Bool {
        guard !isAttached, !isFinished else { return false }
        isAttached = true
        attachment += 1
        owesJoin = true
        needsFill = true
        failures = 0
        fruitless = 0
        backingOff = .none
        // Of an earlier attachment: it does not show what happened in between.
        forming = nil
        for update in recent { _ = streamed(update) }
        return true
    }

    /// The stream is lost, or could not be attached.
    mutating func streamLost(reason: String) -> Bool {
        guard !isFinished else { return false }
        isAttached = false
        owesJoin = false
        joined = nil
        interrupt(reason)
        return true
    }

    mutating func streamed(_ update: StreamedCandle) -> Bool {
        guard !isFinished else { return false }
        let openTime = update.candle.openTime
        guard openTime > last else { return false }
        guard update.isClosed else {
            if let newest = streamed.last, newest.candle.openTime >= openTime { return false }
            if let forming, (forming.candle.openTime, forming.eventTime) > (openTime, update.eventTime) { return false }
            forming = update
            return true
        }
        if let forming, forming.candle.openTime <= openTime { self.forming = nil }
        let index = streamed.lastIndex { $0.candle.openTime <= openTime }
        if let index, streamed[index].candle.openTime == openTime { return false }
        streamed.insert(update, at: index.map { $0 + 1 } ?? 0)
        if streamed.count > bufferLimit {
            // Refetch on overflow: the newest is let go.
            streamed.removeLast()
            needsFill = true
        }
        return true
    }

    /// No more events: the sequence ends.
    mutating func finish() -> Bool {
        isFinished = true
        page = []
        streamed = []
        forming = nil
        return true
    }

    // MARK: What history reports

    mutating func fetched(_ result: CandlePage) {
        guard let begun = fetching else { preconditionFailure("a page arrived that was not asked for") }
        fetching = nil
        failures = 0
        let before = verified
        if let reaches = result.reaches, reaches > verified ?? last { verified = reaches }
        page = result.candles[...]
        pageTime = result.exchangeTime
        let isProgress = verified != before || result.candles.contains { $0.openTime > last }
        guard result.isComplete else {
            needsFill = true
            return
        }
        if owesJoin, isAttached, begun == attachment {
            owesJoin = false
            joined = result.exchangeTime
        }
        guard !isProgress, let hole else {
            fruitless = 0
            return
        }
        fruitless += 1
        if fruitless >= Self.patienceWithHistory {
            verified = hole
            fruitless = 0
        } else {
            backingOff = .due
        }
    }

    /// The page could not be had; it will be asked for again after a while.
    mutating func fetchFailed(reason: String) {
        fetchAbandoned()
        failures += 1
        backingOff = .due
        if isAttached { owesJoin = true }
        joined = nil
        interrupt(reason)
    }

    /// The fetch was given up, for a reason that says nothing about the exchange.
    mutating func fetchAbandoned() {
        precondition(fetching != nil, "a fetch ended that was not under way")
        fetching = nil
        needsFill = true
    }

    mutating func backOffElapsed(attempt: Int) -> Bool {
        guard backingOff == .running, attempt == max(failures, fruitless) else { return false }
        backingOff = .none
        return true
    }

    private mutating func interrupt(_ reason: String) {
        guard !isInterrupted else { return }
        isInterrupted = true
        interruption = reason
    }
}
