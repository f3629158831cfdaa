import FoundationEssentials
import Trading

extension JSONValue {
    static func integer(_ value: Int) -> JSONValue { .number(Decimal(value)) }

    static func decimal(_ value: FixedDecimal) -> JSONValue { .string(value.description) }

    /// The number as JSON writes it, for a schema's bounds.
    static func schemaNumber(_ value: FixedDecimal) -> JSONValue {
        Decimal(string: value.description).map { .number($0) } ?? .string(value.description)
    }
}
