/// Any JSON value; numbers are read when it is known as what.
enum JSONNode {
    case null
    case bool(Bool)
    case whole(Int64)
    case number(String)
    case string(String)
    case array([JSONNode])
    case object([String: JSONNode])
}

extension JSONNode: JSONTree {
    static func number(_ text: ArraySlice<UInt8>) -> JSONNode? { .number(String(decoding: text, as: UTF8.self)) }
}
