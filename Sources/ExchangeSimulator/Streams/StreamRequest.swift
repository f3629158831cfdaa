import FoundationEssentials
import Trading

/// What a client says on a stream connection.
struct StreamRequest: Sendable, Hashable {
    enum Method: Sendable, Hashable {
        case subscribe([StreamName])
        case unsubscribe([StreamName])
        case list
        case setCombined(Bool)
        case getCombined
    }

    /// A refusal in Binance's terms.
    struct Refusal: Error, Sendable, Hashable {
        let code: Int
        let message: String
        var id: JSONValue = .null

        var text: String {
            let error: JSONValue = .object(["code": .number(.init(code)), "msg": .string(message)])
            return JSONValue.object(["error": error, "id": id]).text
        }
    }

    let method: Method
    let id: JSONValue

    init(_ text: String) throws(Refusal) {
        guard let value = try? JSONValue(text: text) else {
            throw Refusal(code: 3, message: "Invalid JSON: expected value at line 1 column 1")
        }
        guard case .object(let fields) = value else {
            throw Refusal(code: 2, message: "Invalid request: expected an object")
        }
        id = try Self.id(in: fields)
        guard let name = fields["method"] else {
            throw Refusal(code: 2, message: "Invalid request: missing field `method`", id: id)
        }
        guard case .string(let name) = name else {
            throw Refusal(code: 2, message: "Invalid request: method must be a string", id: id)
        }
        switch name {
        case "SUBSCRIBE": method = .subscribe(try Self.streams(in: fields, id: id))
        case "UNSUBSCRIBE": method = .unsubscribe(try Self.streams(in: fields, id: id))
        case "LIST_SUBSCRIPTIONS": method = .list
        case "SET_PROPERTY": method = .setCombined(try Self.combined(in: fields, id: id))
        case "GET_PROPERTY": method = .getCombined
        default:
            let known = "`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"
            throw Refusal(
                code: 2,
                message: "Invalid request: unknown variant `\(name)`, expected one of \(known)",
                id: id
            )
        }
    }

    /// An unsigned integer, a short string, or nothing.
    private static func id(in fields: [String: JSONValue]) throws(Refusal) -> JSONValue {
        switch fields["id"] {
        case nil, .null: return .null
        case .number(let number) where UInt64(number.description) != nil: return .number(number)
        case .string(let text) where text.utf8.count <= 36: return .string(text)
        default: throw Refusal(code: 2, message: "Invalid request: request ID must be an unsigned integer")
        }
    }

    private static func streams(in fields: [String: JSONValue], id: JSONValue) throws(Refusal) -> [StreamName] {
        guard case .array(let parameters) = fields["params"] else {
            throw Refusal(code: 2, message: "Invalid request: missing field `params`", id: id)
        }
        var streams: [StreamName] = []
        for parameter in parameters {
            guard case .string(let text) = parameter, !text.isEmpty, text.utf8.count <= 256 else {
                throw Refusal(code: 2, message: "Invalid request: invalid stream", id: id)
            }
            streams.append(StreamName(text))
        }
        return streams
    }

    private static func combined(in fields: [String: JSONValue], id: JSONValue) throws(Refusal) -> Bool {
        guard case .array(let parameters) = fields["params"], parameters.count == 2 else {
            throw Refusal(code: 2, message: "Invalid request: too few parameters", id: id)
        }
        guard parameters[0] == .string("combined") else {
            throw Refusal(code: 0, message: "Unknown property", id: id)
        }
        guard case .bool(let value) = parameters[1] else {
            throw Refusal(code: 1, message: "Invalid value type: expected Boolean", id: id)
        }
        return value
    }
}
