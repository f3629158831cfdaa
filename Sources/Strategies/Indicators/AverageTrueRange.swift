/// Wilder's average true range, in the unit of the prices.
///
/// J. Welles Wilder, *New Concepts in Technical Trading Systems* (1978), section III: the true range is the greatest of
/// high − low, |high − previous close| and |low − previous close|; its average begins as the simple average of the first
/// `period` and is then smoothed by (previous × (period − 1) + new) ÷ period. As in TA-Lib's `ATR`, the first candle, which
/// has no previous close, has no true range.
public struct AverageTrueRange: Codable, Sendable, Hashable {
    public let period: Int
    private var previousClose: Double?
    private var average = 0.0
    /// True ranges seen, counted up to `period`.
    private var ranges = 0

    /// `period` is at least 1.
    public init(period: Int) {
        precondition(period >= 1, "an average true range needs a period of at least 1")
        self.period = period
    }

    /// The average, or `nil` until `period` true ranges (`period` + 1 candles) have been seen.
    public var value: Double? { ranges == period ? average : nil }

    public mutating func update(high: Double, low: Double, close: Double) {
        defer { previousClose = close }
        guard let previousClose else { return }
        let range = max(high - low, abs(high - previousClose), abs(low - previousClose))
        if ranges < period {
            average += range
            ranges += 1
            if ranges == period { average /= Double(period) }
        } else {
            average = (average * Double(period - 1) + range) / Double(period)
        }
    }
}
