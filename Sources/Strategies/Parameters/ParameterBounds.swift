public import Trading

/// The numbers a parameter accepts.
public struct ParameterBounds: Sendable, Hashable {
    public struct Limit: Sendable, Hashable {
        public let value: FixedDecimal
        /// Whether the limit itself is accepted.
        public let isInclusive: Bool
    }

    public let minimum: Limit?
    public let maximum: Limit?

    /// At most one of `atLeast` and `above`, and one of `atMost` and `below`.
    public init(
        atLeast: FixedDecimal? = nil,
        above: FixedDecimal? = nil,
        atMost: FixedDecimal? = nil,
        below: FixedDecimal? = nil
    ) {
        precondition(atLeast == nil || above == nil, "a parameter has one lower bound")
        precondition(atMost == nil || below == nil, "a parameter has one upper bound")
        minimum =
            atLeast.map { Limit(value: $0, isInclusive: true) } ?? above.map { Limit(value: $0, isInclusive: false) }
        maximum =
            atMost.map { Limit(value: $0, isInclusive: true) } ?? below.map { Limit(value: $0, isInclusive: false) }
    }

    public func contains(_ value: FixedDecimal) -> Bool {
        if let minimum, minimum.isInclusive ? value < minimum.value : value <= minimum.value { return false }
        if let maximum, maximum.isInclusive ? value > maximum.value : value >= maximum.value { return false }
        return true
    }

    /// The bounds in words (`at least 2 and at most 500`); `nil` if everything is accepted.
    var phrase: String? {
        let lower = minimum.map { ($0.isInclusive ? "at least " : "greater than ") + $0.value.description }
        let upper = maximum.map { ($0.isInclusive ? "at most " : "less than ") + $0.value.description }
        let parts = [lower, upper].compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: " and ")
    }
}
