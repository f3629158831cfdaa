import FoundationEssentials
package import Trading

/// For reading answers in tests.
extension JSONValue {
    /// A member of an object; nil where there is none, or the value is no object.
    package subscript(_ name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    package var string: String? { if case .string(let value) = self { value } else { nil } }

    package var integer: Int? {
        if case .number(let value) = self { Int("\(value)") } else { nil }
    }
}
