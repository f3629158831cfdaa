/// One value as the server sent it, in binary form. Valid only during the call that received it.
package struct PostgresValue {
    package let type: PostgresType
    /// nil is NULL.
    package let bytes: UnsafeRawBufferPointer?

    package init(type: PostgresType, bytes: UnsafeRawBufferPointer?) {
        self.type = type
        self.bytes = bytes
    }

    /// The bytes of a value that must not be NULL.
    package func required() throws(PostgresDecodingFailure) -> UnsafeRawBufferPointer {
        guard let bytes else { throw .null }
        return bytes
    }

    /// A fixed-width integer in network byte order.
    package func integer<I: FixedWidthInteger>(_: I.Type) throws(PostgresDecodingFailure) -> I {
        let bytes = try required()
        guard bytes.count == MemoryLayout<I>.size else { throw .malformed }
        return I(bigEndian: bytes.loadUnaligned(as: I.self))
    }
}

/// Why a value is not what was asked for; `PostgresRow` adds column and types.
package enum PostgresDecodingFailure: Error, Sendable {
    /// NULL where the Swift type is not optional.
    case null
    /// The column's type cannot be read as this Swift type.
    case typeMismatch
    /// The value does not fit.
    case outOfRange
    /// The bytes are not what the protocol promises.
    case malformed
}
