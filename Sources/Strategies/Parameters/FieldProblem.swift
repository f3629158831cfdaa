/// One thing wrong with one field of a configuration.
public struct FieldProblem: Sendable, Hashable, Codable, CustomStringConvertible {
    /// The path of the field in the request (`config.fast_period`).
    public let field: String
    /// What is wrong, as a phrase that follows the field's name (`must be less than slow_period (26)`).
    public let message: String

    public init(field: String, message: String) {
        self.field = field
        self.message = message
    }

    public var description: String { "\(field) \(message)" }
}
