import FoundationEssentials

/// Writes a value as JSON while its `encode(to:)` tells of it, and all that is within it. Only a container or an encoder that
/// was asked for by itself, and so may be used at any time until its owner is complete, has a writer of its own.
final class JSONWriter: Encoder {
    var text: JSONText

    init(path: [any CodingKey]) {
        text = JSONText(path: path)
    }

    var codingPath: [any CodingKey] { text.path }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        text.become(.object)
        return KeyedEncodingContainer(JSONMembers(writer: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        text.become(.array)
        return JSONElements(writer: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { JSONScalar(writer: self) }

    func member(_ key: some CodingKey, _ value: some Encodable) throws {
        let outer = text.open(key)
        defer { text.close(outer, isMember: true) }
        try put(value)
    }

    func element(_ value: some Encodable) throws {
        let outer = text.openElement()
        defer { text.close(outer, isMember: false) }
        try put(value)
    }

    /// The present value. What Foundation's decoder reads in a way of its own is written in that way.
    func put<Value: Encodable>(_ value: Value) throws {
        if Value.self == Decimal.self, let number = value as? Decimal {
            text.set(number)
        } else if Value.self == Data.self, let data = value as? Data {
            text.set(data.base64EncodedString())
        } else if Value.self == URL.self, let url = value as? URL {
            text.set(url.absoluteString)
        } else {
            do {
                try value.encode(to: self)
            } catch {
                text.clear()
                throw error
            }
        }
    }
}
