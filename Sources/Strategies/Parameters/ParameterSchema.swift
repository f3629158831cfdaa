public import Trading

/// All settings of a strategy: what a configuration may contain.
public struct ParameterSchema: Sendable {
    /// In the order in which people should see them.
    public let fields: [ParameterField]
    public let relations: [ParameterRelation]

    public init(_ fields: [ParameterField], relations: [ParameterRelation] = []) {
        self.fields = fields
        self.relations = relations
        let names = Set(fields.map(\.name))
        precondition(names.count == fields.count, "a schema names each parameter once")
        for relation in relations {
            precondition(names.isSuperset(of: relation.fields), "a relation is between parameters of its schema")
        }
    }

    public subscript(_ name: String) -> ParameterField? { fields.first { $0.name == name } }

    /// Everything that is wrong with a configuration, in the order of the fields, unknown keys last. Empty if it is acceptable.
    public func validate(_ config: JSONValue?) -> [FieldProblem] {
        switch read(config) {
        case .success: []
        case .failure(let error): error.problems
        }
    }

    /// The values of all fields, defaults filled in, or an error that lists every problem.
    public func read(_ config: JSONValue?) -> Result<ParameterReader, StrategyError> {
        let given: [String: JSONValue]
        switch config {
        case nil, .null: given = [:]
        case .object(let members): given = members
        default: return .failure(Self.error([FieldProblem(field: "config", message: "must be an object")]))
        }

        var values: [String: JSONValue] = [:]
        var problems: [FieldProblem] = []
        for field in fields {
            switch field.normalize(given[field.name] ?? field.defaultValue) {
            case .accepted(let value): values[field.name] = value
            case .refused(let message): problems.append(FieldProblem(field: "config.\(field.name)", message: message))
            }
        }
        let reader = ParameterReader(values: values)
        for relation in relations where relation.fields.allSatisfy({ values[$0] != nil }) {
            guard let message = relation.problem(reader) else { continue }
            problems.append(FieldProblem(field: "config.\(relation.field)", message: message))
        }
        for name in given.keys.filter({ self[$0] == nil }).sorted() {
            problems.append(FieldProblem(field: "config.\(name.prefix(64))", message: unknown(name)))
        }
        return problems.isEmpty ? .success(reader) : .failure(Self.error(problems))
    }

    static func error(_ problems: [FieldProblem]) -> StrategyError {
        let list = problems.map(\.description).joined(separator: "; ")
        return StrategyError(.invalidConfiguration, "the configuration is not acceptable: \(list)", problems: problems)
    }

    private func unknown(_ name: String) -> String {
        let names = fields.map(\.name)
        if let nearest = SpellingSuggestion.nearest(to: name, among: names) {
            return "is not a parameter of this mode; did you mean \"\(nearest)\"?"
        }
        return "is not a parameter of this mode; there are \(names.joined(separator: ", "))"
    }
}
