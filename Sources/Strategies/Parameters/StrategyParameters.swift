public import Trading

/// The settings of a strategy, as read from a configuration that its schema has accepted.
public protocol StrategyParameters: Codable, Sendable {
    /// Every setting with its kind, default and bounds, and the relations between them.
    static var schema: ParameterSchema { get }

    /// Reads the settings. The reader holds a value of the right kind and within bounds for every field of the schema,
    /// and every relation of the schema holds. What is thrown becomes a problem of the whole `config`.
    init(_ config: ParameterReader) throws
}

extension StrategyParameters {
    /// The settings with all defaults, except those given in `values`.
    ///
    /// Throws ``StrategyError`` (``StrategyError/Code/invalidConfiguration``) listing every problem.
    public init(_ values: JSONValue? = nil) throws {
        switch Self.schema.read(values) {
        case .success(let reader): try self.init(reader)
        case .failure(let error): throw error
        }
    }
}
