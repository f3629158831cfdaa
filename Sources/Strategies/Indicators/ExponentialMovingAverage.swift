/// The exponential moving average: each new value weighs 2 ÷ (period + 1).
///
/// Seeded with the simple average of the first `period` values, as TA-Lib's `EMA` is; without a value until then.
public struct ExponentialMovingAverage: Codable, Sendable, Hashable {
    public let period: Int
    /// The average, or `nil` until `period` values have been seen.
    public private(set) var value: Double?
    /// The sum and the number of the values that will be the seed.
    private var seedSum = 0.0
    private var seedCount = 0

    /// `period` is at least 1.
    public init(period: Int) {
        precondition(period >= 1, "a moving average needs a period of at least 1")
        self.period = period
    }

    public mutating func update(_ input: Double) {
        if let previous = value {
            value = (input - previous) * (2 / Double(period + 1)) + previous
            return
        }
        seedSum += input
        seedCount += 1
        if seedCount == period { value = seedSum / Double(period) }
    }
}
