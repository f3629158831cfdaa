import FoundationEssentials
import Trading

extension JSONValue {
    /// A member of an object.
    subscript(_ name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    var string: String? { if case .string(let value) = self { value } else { nil } }

    var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }

    var integer: Int? { if case .number(let value) = self { Int("\(value)") } else { nil } }

    /// As a cell of a table: a dash for nothing.
    var cell: String {
        switch self {
        case .null: "–"
        case .bool(let value): value ? "yes" : "no"
        case .number(let value): "\(value)"
        case .string(let value): value
        case .array, .object: text
        }
    }
}

extension JSONValue? {
    var cell: String { self?.cell ?? "–" }

    /// `name (id)` of a replica.
    var replicaCell: String {
        guard let id = self?["id"], id != .null else { return "–" }
        return "\(self?["name"].cell ?? "–") (\(id.cell))"
    }
}
