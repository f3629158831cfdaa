/// Wilder's relative strength index, from 0 to 100.
///
/// J. Welles Wilder, *New Concepts in Technical Trading Systems* (1978), section VI: the average gain and loss begin as
/// the simple averages of the first `period` changes and are then smoothed by (previous × (period − 1) + new) ÷ period.
/// As in TA-Lib's `RSI`, it is 100 × gain ÷ (gain + loss), and 0 where nothing has moved at all.
public struct RelativeStrengthIndex: Codable, Sendable, Hashable {
    public let period: Int
    private var previous: Double?
    private var averageGain = 0.0
    private var averageLoss = 0.0
    /// Changes seen, counted up to `period`.
    private var changes = 0

    /// `period` is at least 2.
    public init(period: Int) {
        precondition(period >= 2, "a relative strength index needs a period of at least 2")
        self.period = period
    }

    /// The index, or `nil` until `period` changes (`period` + 1 values) have been seen.
    public var value: Double? {
        guard changes == period else { return nil }
        let total = averageGain + averageLoss
        return total == 0 ? 0 : 100 * (averageGain / total)
    }

    public mutating func update(_ input: Double) {
        defer { previous = input }
        guard let previous else { return }
        let change = input - previous
        let (gain, loss) = (max(change, 0), max(-change, 0))
        if changes < period {
            averageGain += gain
            averageLoss += loss
            changes += 1
            if changes == period {
                averageGain /= Double(period)
                averageLoss /= Double(period)
            }
        } else {
            averageGain = (averageGain * Double(period - 1) + gain) / Double(period)
            averageLoss = (averageLoss * Double(period - 1) + loss) / Double(period)
        }
    }
}
