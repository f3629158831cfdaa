import FoundationEssentials
import Trading

extension JSONValue {
    subscript(name: String) -> JSONValue {
        if case .object(let fields) = self { fields[name] ?? .null } else { .null }
    }

    subscript(index: Int) -> JSONValue {
        if case .array(let elements) = self, elements.indices.contains(index) { elements[index] } else { .null }
    }

    var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
    var string: String? { if case .string(let text) = self { text } else { nil } }
    var integer: Int64? { if case .number(let number) = self { Int64(number.description) } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var decimal: FixedDecimal? { string.flatMap(FixedDecimal.init) }
}
