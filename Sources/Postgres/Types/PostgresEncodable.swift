/// A value that can be a statement's parameter, sent in binary form with its type.
package protocol PostgresEncodable: Sendable {
    /// The type the server is told.
    static var postgresType: PostgresType { get }
    /// True for NULL; `encode(into:)` is then not called.
    var isPostgresNull: Bool { get }
    /// Appends the binary form.
    func encode(into bytes: inout [UInt8])
}

extension PostgresEncodable {
    package var isPostgresNull: Bool { false }
}

/// A value that can be read from a column.
package protocol PostgresDecodable: Sendable {
    static func decode(_ value: PostgresValue) throws(PostgresDecodingFailure) -> Self
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    package static var postgresType: PostgresType { Wrapped.postgresType }

    package var isPostgresNull: Bool {
        switch self {
        case .none: true
        case .some(let wrapped): wrapped.isPostgresNull
        }
    }

    package func encode(into bytes: inout [UInt8]) {
        self?.encode(into: &bytes)
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    package static func decode(_ value: PostgresValue) throws(PostgresDecodingFailure) -> Self {
        value.bytes == nil ? nil : try Wrapped.decode(value)
    }
}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    package static var postgresType: PostgresType { RawValue.postgresType }

    package func encode(into bytes: inout [UInt8]) {
        rawValue.encode(into: &bytes)
    }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    package static func decode(_ value: PostgresValue) throws(PostgresDecodingFailure) -> Self {
        guard let known = Self(rawValue: try RawValue.decode(value)) else { throw .outOfRange }
        return known
    }
}

extension [UInt8] {
    /// Appends an integer in network byte order.
    mutating func append<I: FixedWidthInteger>(bigEndian integer: I) {
        Swift.withUnsafeBytes(of: integer.bigEndian) { append(contentsOf: $0) }
    }

    /// Overwrites four bytes with an integer in network byte order.
    mutating func write(bigEndian integer: Int32, at offset: Int) {
        withUnsafeMutableBytes { $0.storeBytes(of: integer.bigEndian, toByteOffset: offset, as: Int32.self) }
    }
}
