import FoundationEssentials

/// Writes `Encodable` values as JSON text, keys sorted: the same value gives the same text, and every number in it is read back
/// to the last bit.
///
/// Every step of every strategy is written like this before its orders may leave. Foundation's encoder, which can do more, takes
/// several times as long.
package enum JSONTextEncoder {
    /// - Throws: `EncodingError` for a number that is infinite or undefined.
    package static func text(of value: some Encodable) throws -> String {
        let node = JSONNode(codingPath: [])
        try node.set(value)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1_024)
        node.write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A value on its way to text: what its `encode(to:)` has told of it so far.
private final class JSONNode: Encoder {
    enum Content {
        case nothing
        case text(String)
        case number(String)
        case object([(key: String, value: JSONNode)])
        case array([JSONNode])
    }

    let codingPath: [any CodingKey]
    var content = Content.nothing

    init(codingPath: [any CodingKey]) {
        self.codingPath = codingPath
    }

    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .object = content {} else { content = .object([]) }
        return KeyedEncodingContainer(JSONMembers(node: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .array = content {} else { content = .array([]) }
        return JSONElements(node: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { JSONScalar(node: self) }

    /// A node for the value of one more key.
    func member(_ key: some CodingKey) -> JSONNode {
        let value = JSONNode(codingPath: codingPath + [key])
        guard case .object(var members) = content else { preconditionFailure("two kinds of containers for one value") }
        // Without a second owner the array is not copied.
        content = .nothing
        members.append((key.stringValue, value))
        content = .object(members)
        return value
    }

    /// A node for one more element.
    func element() -> JSONNode {
        guard case .array(var elements) = content else { preconditionFailure("two kinds of containers for one value") }
        let value = JSONNode(codingPath: codingPath)
        content = .nothing
        elements.append(value)
        content = .array(elements)
        return value
    }

    var count: Int { if case .array(let elements) = content { elements.count } else { 0 } }

    func set(_ number: Double) throws {
        guard number.isFinite else {
            let context = EncodingError.Context(codingPath: codingPath, debugDescription: "JSON has no \(number)")
            throw EncodingError.invalidValue(number, context)
        }
        // The shortest text that is read back as the same number; the sign of zero is a part of it.
        let text = number.description
        content = .number(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
    }

    func set(integer number: some BinaryInteger) { content = .number(number.description) }

    func set(_ value: Bool) { content = .number(value ? "true" : "false") }

    /// What Foundation's decoder reads in a way of its own is written in that way.
    func set<Value: Encodable>(_ value: Value) throws {
        if Value.self == Decimal.self, let number = value as? Decimal {
            content = .number(number.description)
        } else if Value.self == Data.self, let data = value as? Data {
            content = .text(data.base64EncodedString())
        } else if Value.self == URL.self, let url = value as? URL {
            content = .text(url.absoluteString)
        } else {
            try value.encode(to: self)
        }
    }

    // MARK: Text

    func write(to bytes: inout [UInt8]) {
        switch content {
        case .nothing: bytes += "null".utf8
        case .number(let digits): bytes += digits.utf8
        case .text(let text): Self.write(text, to: &bytes)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                element.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(member.key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    /// With escapes where they must be (RFC 8259, section 7).
    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20: bytes += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

private struct JSONScalar: SingleValueEncodingContainer {
    let node: JSONNode

    var codingPath: [any CodingKey] { node.codingPath }

    func encodeNil() { node.content = .nothing }
    func encode(_ value: Bool) { node.set(value) }
    func encode(_ value: String) { node.content = .text(value) }
    func encode(_ value: Double) throws { try node.set(value) }
    func encode(_ value: Float) throws { try node.set(Double(value)) }
    func encode(_ value: Int) { node.set(integer: value) }
    func encode(_ value: Int8) { node.set(integer: value) }
    func encode(_ value: Int16) { node.set(integer: value) }
    func encode(_ value: Int32) { node.set(integer: value) }
    func encode(_ value: Int64) { node.set(integer: value) }
    func encode(_ value: UInt) { node.set(integer: value) }
    func encode(_ value: UInt8) { node.set(integer: value) }
    func encode(_ value: UInt16) { node.set(integer: value) }
    func encode(_ value: UInt32) { node.set(integer: value) }
    func encode(_ value: UInt64) { node.set(integer: value) }
    func encode(_ value: some Encodable) throws { try node.set(value) }
}

private struct JSONMembers<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let node: JSONNode

    var codingPath: [any CodingKey] { node.codingPath }

    func encodeNil(forKey key: Key) { _ = node.member(key) }
    func encode(_ value: Bool, forKey key: Key) { node.member(key).set(value) }
    func encode(_ value: String, forKey key: Key) { node.member(key).content = .text(value) }
    func encode(_ value: Double, forKey key: Key) throws { try node.member(key).set(value) }
    func encode(_ value: Float, forKey key: Key) throws { try node.member(key).set(Double(value)) }
    func encode(_ value: Int, forKey key: Key) { node.member(key).set(integer: value) }
    func encode(_ value: Int8, forKey key: Key) { node.member(key).set(integer: value) }
    func encode(_ value: Int16, forKey key: Key) { node.member(key).set(integer: value) }
    func encode(_ value: Int32, forKey key: Key) { node.member(key).set(integer: value) }
    func encode(_ value: Int64, forKey key: Key) { node.member(key).set(integer: value) }
    func encode(_ value: UInt, forKey key: Key) { node.member(key).set(integer: value) }
    func encode(_ value: UInt8, forKey key: Key) { node.member(key).set(integer: value) }
    func encode(_ value: UInt16, forKey key: Key) { node.member(key).set(integer: value) }
    func encode(_ value: UInt32, forKey key: Key) { node.member(key).set(integer: value) }
    func encode(_ value: UInt64, forKey key: Key) { node.member(key).set(integer: value) }
    func encode(_ value: some Encodable, forKey key: Key) throws { try node.member(key).set(value) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<
        Nested
    > {
        node.member(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { node.member(key).unkeyedContainer() }

    func superEncoder() -> any Encoder { node.member(SuperKey.super) }
    func superEncoder(forKey key: Key) -> any Encoder { node.member(key) }
}

private struct JSONElements: UnkeyedEncodingContainer {
    let node: JSONNode

    var codingPath: [any CodingKey] { node.codingPath }
    var count: Int { node.count }

    func encodeNil() { _ = node.element() }
    func encode(_ value: Bool) { node.element().set(value) }
    func encode(_ value: String) { node.element().content = .text(value) }
    func encode(_ value: Double) throws { try node.element().set(value) }
    func encode(_ value: Float) throws { try node.element().set(Double(value)) }
    func encode(_ value: Int) { node.element().set(integer: value) }
    func encode(_ value: Int8) { node.element().set(integer: value) }
    func encode(_ value: Int16) { node.element().set(integer: value) }
    func encode(_ value: Int32) { node.element().set(integer: value) }
    func encode(_ value: Int64) { node.element().set(integer: value) }
    func encode(_ value: UInt) { node.element().set(integer: value) }
    func encode(_ value: UInt8) { node.element().set(integer: value) }
    func encode(_ value: UInt16) { node.element().set(integer: value) }
    func encode(_ value: UInt32) { node.element().set(integer: value) }
    func encode(_ value: UInt64) { node.element().set(integer: value) }
    func encode(_ value: some Encodable) throws { try node.element().set(value) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        node.element().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { node.element().unkeyedContainer() }
    func superEncoder() -> any Encoder { node.element() }
}

/// Under which a class keeps what it has inherited, as Foundation's decoder looks for it.
private enum SuperKey: CodingKey { case `super` }
