/// A type whose arrays can be sent and read. Bytes are one: their array is a `bytea`, not an array of the server's.
package protocol PostgresArrayElement: Sendable {
    static var postgresArrayType: PostgresType { get }
    static func encodeArray(_ elements: [Self], into bytes: inout [UInt8])
    static func decodeArray(_ value: PostgresValue) throws(PostgresDecodingFailure) -> [Self]
}

extension Array: PostgresEncodable where Element: PostgresArrayElement {
    package static var postgresType: PostgresType { Element.postgresArrayType }

    package func encode(into bytes: inout [UInt8]) {
        Element.encodeArray(self, into: &bytes)
    }
}

extension Array: PostgresDecodable where Element: PostgresArrayElement {
    package static func decode(_ value: PostgresValue) throws(PostgresDecodingFailure) -> [Element] {
        try Element.decodeArray(value)
    }
}

extension UInt8: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .bytea }

    package static func encodeArray(_ elements: [UInt8], into bytes: inout [UInt8]) {
        bytes.append(contentsOf: elements)
    }

    package static func decodeArray(_ value: PostgresValue) throws(PostgresDecodingFailure) -> [UInt8] {
        guard value.type == .bytea else { throw .typeMismatch }
        return [UInt8](try value.required())
    }
}

extension PostgresArrayElement where Self: PostgresEncodable {
    package static func encodeArray(_ elements: [Self], into bytes: inout [UInt8]) {
        // One dimension, a flag for NULLs, the elements' type; then length and lower bound, unless it is empty.
        let start = bytes.count
        bytes.append(bigEndian: Int32(elements.isEmpty ? 0 : 1))
        bytes.append(bigEndian: Int32(0))
        bytes.append(bigEndian: postgresType.oid)
        guard !elements.isEmpty else { return }
        bytes.append(bigEndian: Int32(elements.count))
        bytes.append(bigEndian: Int32(1))
        var hasNull = false
        for element in elements {
            guard !element.isPostgresNull else {
                hasNull = true
                bytes.append(bigEndian: Int32(-1))
                continue
            }
            let lengthOffset = bytes.count
            bytes.append(bigEndian: Int32(0))
            element.encode(into: &bytes)
            bytes.write(bigEndian: Int32(bytes.count - lengthOffset - 4), at: lengthOffset)
        }
        if hasNull { bytes.write(bigEndian: 1, at: start + 4) }
    }
}

extension PostgresArrayElement where Self: PostgresDecodable {
    package static func decodeArray(_ value: PostgresValue) throws(PostgresDecodingFailure) -> [Self] {
        let bytes = try value.required()
        var offset = 0
        func next() throws(PostgresDecodingFailure) -> Int32 {
            guard offset + 4 <= bytes.count else { throw .malformed }
            defer { offset += 4 }
            return Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
        }
        // A scalar's bytes must not be read as an array's.
        guard value.type.isArray else { throw .typeMismatch }
        let dimensions = try next()
        _ = try next()
        let elementType = PostgresType(oid: UInt32(bitPattern: try next()))
        guard dimensions > 0 else { return [] }
        guard dimensions == 1 else { throw .typeMismatch }
        let count = Int(try next())
        _ = try next()
        guard count >= 0, count <= bytes.count / 4 else { throw .malformed }
        var elements: [Self] = []
        elements.reserveCapacity(count)
        for _ in 0..<count {
            let length = Int(try next())
            if length < 0 {
                elements.append(try decode(PostgresValue(type: elementType, bytes: nil)))
            } else {
                guard offset + length <= bytes.count else { throw .malformed }
                let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
                elements.append(try decode(PostgresValue(type: elementType, bytes: slice)))
                offset += length
            }
        }
        return elements
    }
}

extension PostgresType {
    /// Whether the type is an array: built in, or possibly one of a user's own types.
    var isArray: Bool {
        switch self {
        case .boolArray, .byteaArray, .int2Array, .int4Array, .textArray, .int8Array, .float8Array, .timestamptzArray,
            .intervalArray, .uuidArray, .jsonbArray:
            true
        // char, name, oid, real, character, varchar, timestamp, numeric, json
        case _ where [1002, 1003, 1028, 1021, 1014, 1015, 1115, 1231, 199].contains(oid): true
        default: isUserDefined
        }
    }
}

extension Optional: PostgresArrayElement
where Wrapped: PostgresArrayElement & PostgresEncodable & PostgresDecodable {
    package static var postgresArrayType: PostgresType { Wrapped.postgresArrayType }
}

extension Array: PostgresArrayElement where Element == UInt8 {
    package static var postgresArrayType: PostgresType { .byteaArray }
}

extension Bool: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .boolArray }
}

extension Int16: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .int2Array }
}

extension Int32: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .int4Array }
}

extension Int64: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .int8Array }
}

extension Int: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .int8Array }
}

extension Double: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .float8Array }
}

extension String: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .textArray }
}

extension PostgresJSON: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .jsonbArray }
}

extension PostgresTimestamp: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .timestamptzArray }
}

extension Duration: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .intervalArray }
}

extension PostgresUUID: PostgresArrayElement {
    package static var postgresArrayType: PostgresType { .uuidArray }
}
