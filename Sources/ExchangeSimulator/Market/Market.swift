import Trading

/// What was and will be traded: a function of market time, without a clock and without I/O.
protocol Market: Sendable {
    /// What is listed when nobody asks for a particular symbol.
    var instruments: [Instrument] { get }
    /// The instrument, also of a symbol that is known but not listed.
    func instrument(_ symbol: Symbol) -> Instrument?
    /// Whether candles of this interval exist.
    func serves(_ symbol: Symbol, _ interval: Interval) -> Bool
    /// Candles that have opened by `now`; the last may still be forming and tells nothing beyond `now`.
    func klines(_ symbol: Symbol, _ interval: Interval, _ range: KlineRange, now: Timestamp) -> [Kline]
    /// What a subscriber is told in the time after `start` and not after `end`, in order: each opening, each close, and
    /// with `forming` also what happens between them.
    func updates(
        _ symbol: Symbol,
        _ interval: Interval,
        after start: Timestamp,
        through end: Timestamp,
        forming: Bool
    ) -> [KlineUpdate]
    /// What was traded in the time after `start` and not after `end`, in order, rolled up so that trades come no more
    /// often than forming candles are told (or, without `forming`, than the finest candles close).
    func trades(_ symbol: Symbol, after start: Timestamp, through end: Timestamp, forming: Bool) -> [MarketTrade]
    /// The last traded price, or `nil` where nothing has been traded yet.
    func price(_ symbol: Symbol, at now: Timestamp) -> FixedDecimal?
    /// What the market did from `start` until `now`, or `nil` if nothing.
    func summary(_ symbol: Symbol, from start: Timestamp, now: Timestamp) -> Kline?
    /// The earliest moment after `now` at which any candle closes; `nil` after the last one.
    func nextClose(after now: Timestamp) -> Timestamp?
    /// The earliest moment after `now` at which any update may be due; `nil` after the last one.
    func nextUpdate(after now: Timestamp, forming: Bool) -> Timestamp?
    /// When the market stands still for good; `nil`: never.
    var end: Timestamp? { get }
}
