public import Trading

/// One setting of a strategy: what it is called, what it accepts, and what it is if nothing is said.
public struct ParameterField: Sendable, Hashable {
    public enum Kind: Sendable, Hashable {
        /// A whole number; a JSON number.
        case integer(ParameterBounds)
        /// An exact number with at most eight digits after the point; a JSON string or number.
        case decimal(ParameterBounds)
        /// A decimal that counts hundredths: `0.5` is half a percent.
        case percent(ParameterBounds)
        case boolean
        /// One of these words.
        case choice([String])
    }

    /// In snake case.
    public let name: String
    public let kind: Kind
    /// In normal form: decimals as strings.
    public let defaultValue: JSONValue
    /// What the number counts (`candles`, `quote units`).
    public let unit: String?
    /// One sentence for people.
    public let description: String

    private init(_ name: String, _ kind: Kind, _ defaultValue: JSONValue, unit: String?, description: String) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.unit = unit
        self.description = description
        let accepted = normalize(defaultValue)
        precondition(accepted == .accepted(defaultValue), "the default of \(name) is not among what it accepts")
    }

    public static func integer(
        _ name: String,
        default value: Int,
        in range: ClosedRange<Int>,
        unit: String? = nil,
        description: String
    ) -> ParameterField {
        let bounds = ParameterBounds(atLeast: FixedDecimal(range.lowerBound), atMost: FixedDecimal(range.upperBound))
        return ParameterField(name, .integer(bounds), .integer(value), unit: unit, description: description)
    }

    public static func decimal(
        _ name: String,
        default value: FixedDecimal,
        _ bounds: ParameterBounds = ParameterBounds(),
        unit: String? = nil,
        description: String
    ) -> ParameterField {
        ParameterField(name, .decimal(bounds), .decimal(value), unit: unit, description: description)
    }

    public static func percent(
        _ name: String,
        default value: FixedDecimal,
        _ bounds: ParameterBounds = ParameterBounds(),
        description: String
    ) -> ParameterField {
        ParameterField(name, .percent(bounds), .decimal(value), unit: "%", description: description)
    }

    public static func boolean(_ name: String, default value: Bool, description: String) -> ParameterField {
        ParameterField(name, .boolean, .bool(value), unit: nil, description: description)
    }

    public static func choice(
        _ name: String,
        default value: String,
        of choices: [String],
        description: String
    ) -> ParameterField {
        ParameterField(name, .choice(choices), .string(value), unit: nil, description: description)
    }
}
