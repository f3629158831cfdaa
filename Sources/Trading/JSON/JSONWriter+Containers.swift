struct JSONScalar: SingleValueEncodingContainer {
    let writer: JSONWriter

    var codingPath: [any CodingKey] { writer.codingPath }

    func encodeNil() { writer.text.setNothing() }
    func encode(_ value: Bool) { writer.text.set(value) }
    func encode(_ value: String) { writer.text.set(value) }
    func encode(_ value: Double) throws { try writer.text.set(value) }
    func encode(_ value: Float) throws { try writer.text.set(Double(value)) }
    func encode(_ value: Int) { writer.text.set(integer: value) }
    func encode(_ value: Int8) { writer.text.set(integer: value) }
    func encode(_ value: Int16) { writer.text.set(integer: value) }
    func encode(_ value: Int32) { writer.text.set(integer: value) }
    func encode(_ value: Int64) { writer.text.set(integer: value) }
    func encode(_ value: UInt) { writer.text.set(integer: value) }
    func encode(_ value: UInt8) { writer.text.set(integer: value) }
    func encode(_ value: UInt16) { writer.text.set(integer: value) }
    func encode(_ value: UInt32) { writer.text.set(integer: value) }
    func encode(_ value: UInt64) { writer.text.set(integer: value) }
    func encode(_ value: some Encodable) throws { try writer.put(value) }
}

struct JSONMembers<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let writer: JSONWriter

    var codingPath: [any CodingKey] { writer.codingPath }

    func encodeNil(forKey key: Key) { writer.text.member(key) { $0.setNothing() } }
    func encode(_ value: Bool, forKey key: Key) { writer.text.member(key) { $0.set(value) } }
    func encode(_ value: String, forKey key: Key) { writer.text.member(key) { $0.set(value) } }
    func encode(_ value: Double, forKey key: Key) throws { try writer.text.member(key) { try $0.set(value, key) } }
    func encode(_ value: Float, forKey key: Key) throws {
        try writer.text.member(key) { try $0.set(Double(value), key) }
    }
    func encode(_ value: Int, forKey key: Key) { writer.text.member(key) { $0.set(integer: value) } }
    func encode(_ value: Int8, forKey key: Key) { writer.text.member(key) { $0.set(integer: value) } }
    func encode(_ value: Int16, forKey key: Key) { writer.text.member(key) { $0.set(integer: value) } }
    func encode(_ value: Int32, forKey key: Key) { writer.text.member(key) { $0.set(integer: value) } }
    func encode(_ value: Int64, forKey key: Key) { writer.text.member(key) { $0.set(integer: value) } }
    func encode(_ value: UInt, forKey key: Key) { writer.text.member(key) { $0.set(integer: value) } }
    func encode(_ value: UInt8, forKey key: Key) { writer.text.member(key) { $0.set(integer: value) } }
    func encode(_ value: UInt16, forKey key: Key) { writer.text.member(key) { $0.set(integer: value) } }
    func encode(_ value: UInt32, forKey key: Key) { writer.text.member(key) { $0.set(integer: value) } }
    func encode(_ value: UInt64, forKey key: Key) { writer.text.member(key) { $0.set(integer: value) } }
    func encode(_ value: some Encodable, forKey key: Key) throws { try writer.member(key, value) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<
        Nested
    > {
        writer.text.member(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        writer.text.member(key).unkeyedContainer()
    }

    func superEncoder() -> any Encoder { writer.text.member(SuperKey.super) }
    func superEncoder(forKey key: Key) -> any Encoder { writer.text.member(key) }
}

struct JSONElements: UnkeyedEncodingContainer {
    let writer: JSONWriter

    var codingPath: [any CodingKey] { writer.codingPath }
    var count: Int { writer.text.frame.count }

    func encodeNil() { writer.text.element { $0.setNothing() } }
    func encode(_ value: Bool) { writer.text.element { $0.set(value) } }
    func encode(_ value: String) { writer.text.element { $0.set(value) } }
    func encode(_ value: Double) throws { try writer.text.element { try $0.set(value) } }
    func encode(_ value: Float) throws { try writer.text.element { try $0.set(Double(value)) } }
    func encode(_ value: Int) { writer.text.element { $0.set(integer: value) } }
    func encode(_ value: Int8) { writer.text.element { $0.set(integer: value) } }
    func encode(_ value: Int16) { writer.text.element { $0.set(integer: value) } }
    func encode(_ value: Int32) { writer.text.element { $0.set(integer: value) } }
    func encode(_ value: Int64) { writer.text.element { $0.set(integer: value) } }
    func encode(_ value: UInt) { writer.text.element { $0.set(integer: value) } }
    func encode(_ value: UInt8) { writer.text.element { $0.set(integer: value) } }
    func encode(_ value: UInt16) { writer.text.element { $0.set(integer: value) } }
    func encode(_ value: UInt32) { writer.text.element { $0.set(integer: value) } }
    func encode(_ value: UInt64) { writer.text.element { $0.set(integer: value) } }
    func encode(_ value: some Encodable) throws { try writer.element(value) }

    func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
        writer.text.element().container(keyedBy: type)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { writer.text.element().unkeyedContainer() }
    func superEncoder() -> any Encoder { writer.text.element() }
}

/// Under which a class keeps what it has inherited, as Foundation's decoder looks for it.
enum SuperKey: CodingKey { case `super` }
