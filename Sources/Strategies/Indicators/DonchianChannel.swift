public import Trading

/// Donchian's channel: the highest high and the lowest low of the last `period` candles, exact.
///
/// Each candle enters and leaves once, so an update costs O(1) on average, however long the period.
public struct DonchianChannel: Codable, Sendable, Hashable {
    public let period: Int
    /// Candles seen.
    private var count = 0
    /// Candidates for the highest high, falling; the first is the highest.
    private var highs: [Candidate] = []
    /// Candidates for the lowest low, rising; the first is the lowest.
    private var lows: [Candidate] = []

    private struct Candidate: Codable, Sendable, Hashable {
        let position: Int
        let price: FixedDecimal
    }

    /// `period` is at least 1.
    public init(period: Int) {
        precondition(period >= 1, "a channel needs a period of at least 1")
        self.period = period
    }

    /// The highest high, or `nil` until `period` candles have been seen.
    public var upper: FixedDecimal? { count < period ? nil : highs.first?.price }

    /// The lowest low, or `nil` until `period` candles have been seen.
    public var lower: FixedDecimal? { count < period ? nil : lows.first?.price }

    public mutating func update(high: FixedDecimal, low: FixedDecimal) {
        while let last = highs.last, last.price <= high { highs.removeLast() }
        while let last = lows.last, last.price >= low { lows.removeLast() }
        highs.append(Candidate(position: count, price: high))
        lows.append(Candidate(position: count, price: low))
        count += 1
        // At most one of each is too old, as one enters at a time.
        if let first = highs.first, first.position < count - period { highs.removeFirst() }
        if let first = lows.first, first.position < count - period { lows.removeFirst() }
    }
}
