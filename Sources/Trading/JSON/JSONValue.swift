public import FoundationEssentials

/// Any JSON value: how a strategy's free-form `config` travels before its mode has checked it.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case number(Decimal)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    /// The value as JSON text, keys sorted: the same value gives the same text.
    public var text: String {
        // Every case can be written.
        (try? JSONTextEncoder.text(of: self)) ?? "null"
    }

    /// Reads one JSON text, strictly: see ``JSONParser``. The error says where it is wrong.
    public init(text: String) throws {
        self = try JSONParser.parse(Array(text.utf8))
    }

    package init(bytes: [UInt8]) throws(JSONSyntaxError) {
        self = try JSONParser.parse(bytes)
    }
}

extension JSONValue: JSONTree {
    static func whole(_ number: Int64) -> JSONValue { .number(Decimal(number)) }
    static func number(_ text: ArraySlice<UInt8>) -> JSONValue? { Decimal(exactJSON: text).map { .number($0) } }
}

extension JSONValue: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Decimal.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }
}
