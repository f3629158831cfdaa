import Synchronization
public import Trading

/// A kind of strategy that can be started by name.
public struct StrategyMode: Sendable {
    public let name: String
    /// One sentence for people who choose between modes.
    public let summary: String
    /// The settings of the mode, those that every mode has included.
    public let schema: ParameterSchema

    private let check: @Sendable (ParameterReader) -> [FieldProblem]
    private let build: @Sendable (_ config: JSONValue?, _ state: String?) throws -> AnyStrategy

    public init<S: Strategy>(_ type: S.Type) {
        name = S.mode
        summary = S.summary
        let own = S.Parameters.schema
        let schema = ParameterSchema(own.fields + [.catchUp], relations: own.relations)
        self.schema = schema
        check = { reader in
            do throws(StrategyError) {
                _ = try Self.parameters(of: S.self, reader)
                return []
            } catch {
                return error.problems
            }
        }
        let last = LastReading<(S.Parameters, CatchUp)>()
        build = { config, state in
            let (parameters, catchUp) = try last.value(of: config) {
                let reader = try schema.read(config).get()
                guard let catchUp = CatchUp(rawValue: reader.choice(ParameterField.catchUp.name)) else {
                    preconditionFailure("the schema accepts no other words")
                }
                return (try Self.parameters(of: S.self, reader), catchUp)
            }
            let strategy = try state.map { try Self.decode(S.self, from: $0) } ?? S(parameters: parameters)
            return AnyStrategy(strategy, parameters: parameters, catchUp: catchUp)
        }
    }

    /// Everything that is wrong with a configuration: unknown keys, wrong types, values out of bounds, relations between
    /// fields that do not hold. Empty if it is acceptable. An absent configuration is all defaults.
    public func validate(config: JSONValue?) -> [FieldProblem] {
        switch schema.read(config) {
        case .success(let reader): check(reader)
        case .failure(let error): error.problems
        }
    }

    /// The configuration with all defaults filled in, decimals as strings: what is stored, so that a later change of a
    /// default does not change what runs.
    ///
    /// Throws ``StrategyError`` (``StrategyError/Code/invalidConfiguration``) with every problem.
    public func normalized(config: JSONValue?) throws -> JSONValue {
        let reader = try schema.read(config).get()
        let problems = check(reader)
        guard problems.isEmpty else { throw ParameterSchema.error(problems) }
        return .object(reader.values)
    }

    /// A strategy at its beginning.
    ///
    /// Throws ``StrategyError`` (``StrategyError/Code/invalidConfiguration``) with every problem.
    public func make(config: JSONValue?) throws -> AnyStrategy { try build(config, nil) }

    /// The strategy that wrote `state`, exactly as it was; `state` is what ``AnyStrategy/state()`` returned.
    ///
    /// The parameters that a strategy keeps in its state count; those of `config` say how much history it wants, and how
    /// it catches up.
    ///
    /// Throws ``StrategyError``: ``StrategyError/Code/invalidConfiguration`` or ``StrategyError/Code/unreadableState``.
    public func restore(config: JSONValue?, state: String) throws -> AnyStrategy {
        try build(config, state)
    }

    private static func parameters<S: Strategy>(
        of type: S.Type,
        _ reader: ParameterReader
    ) throws(StrategyError) -> S.Parameters {
        do {
            return try S.Parameters(reader)
        } catch let error as StrategyError where !error.problems.isEmpty {
            throw ParameterSchema.error(error.problems)
        } catch {
            throw ParameterSchema.error([FieldProblem(field: "config", message: "is not acceptable: \(error)")])
        }
    }

    private static func decode<S: Strategy>(_ type: S.Type, from state: String) throws -> S {
        do {
            return try JSONTextDecoder.value(from: state)
        } catch {
            throw StrategyError(
                .unreadableState,
                "the saved state cannot be read by mode \"\(S.mode)\": it is damaged, or of another mode or version",
                underlying: error
            )
        }
    }
}

/// What the last configuration was read into. Where thousands are restored at once, most have the one that others have, too.
private final class LastReading<Value: Sendable>: Sendable {
    private let last = Mutex<(config: JSONValue?, value: Value)?>(nil)

    func value(of config: JSONValue?, _ read: () throws -> Value) rethrows -> Value {
        if let known = last.withLock({ $0 }), known.config == config { return known.value }
        let value = try read()
        last.withLock { $0 = (config, value) }
        return value
    }
}
