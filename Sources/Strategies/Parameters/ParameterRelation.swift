import Trading

/// Something that must hold between several fields.
public struct ParameterRelation: Sendable {
    /// The fields it looks at. It is checked only when each of them is acceptable by itself.
    public let fields: [String]
    /// The field that is named when it does not hold.
    public let field: String
    /// The phrase that follows the field's name, or `nil` when the relation holds.
    let problem: @Sendable (ParameterReader) -> String?

    /// `problem` returns what is wrong, as a phrase that follows the name of the first field, or `nil`.
    public init(_ fields: [String], problem: @escaping @Sendable (ParameterReader) -> String?) {
        guard let first = fields.first else { preconditionFailure("a relation is between fields") }
        self.fields = fields
        self.field = first
        self.problem = problem
    }

    /// The number `field` is less than the number `other`.
    public static func less(_ field: String, than other: String) -> ParameterRelation {
        ParameterRelation([field, other]) { config in
            guard let left = config.number(field), let right = config.number(other), left >= right else { return nil }
            return "must be less than \(other) (\(config.text(other)))"
        }
    }
}
