import FoundationEssentials
public import Trading

/// The values of all fields of a schema: checked, with defaults filled in.
///
/// Reading a field that the schema does not have, or as another kind, is a programming error and traps.
public struct ParameterReader: Sendable {
    let values: [String: JSONValue]

    public func integer(_ name: String) -> Int {
        guard case .number(let number) = values[name], let value = Int(number.description) else {
            wrong(name, "integer")
        }
        return value
    }

    public func decimal(_ name: String) -> FixedDecimal {
        guard case .string(let text) = values[name], let value = FixedDecimal(text) else { wrong(name, "decimal") }
        return value
    }

    /// The number of hundredths: `0.5` is half a percent.
    public func percent(_ name: String) -> FixedDecimal { decimal(name) }

    public func boolean(_ name: String) -> Bool {
        guard case .bool(let value) = values[name] else { wrong(name, "boolean") }
        return value
    }

    public func choice(_ name: String) -> String {
        guard case .string(let value) = values[name] else { wrong(name, "choice") }
        return value
    }

    /// The field's value as people read it (`26`, `0.5`).
    public func text(_ name: String) -> String {
        switch values[name] {
        case .string(let text): text
        case .some(let value): value.text
        case nil: wrong(name, "parameter")
        }
    }

    /// The field's value if it is a number.
    func number(_ name: String) -> FixedDecimal? {
        switch values[name] {
        case .number(let number): FixedDecimal(number.description)
        case .string(let text): FixedDecimal(text)
        default: nil
        }
    }

    private func wrong(_ name: String, _ kind: String) -> Never {
        preconditionFailure("the schema has no \(kind) named \(name)")
    }
}
