extension Bool: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .bool }

    package func encode(into bytes: inout [UInt8]) {
        bytes.append(self ? 1 : 0)
    }

    package static func decode(_ value: PostgresValue) throws(PostgresDecodingFailure) -> Bool {
        guard value.type == .bool else { throw .typeMismatch }
        return try value.integer(UInt8.self) != 0
    }
}

extension PostgresValue {
    /// Any integer type, widened; a numeric without a fraction (as `sum(bigint)` gives) counts.
    func widenedInteger() throws(PostgresDecodingFailure) -> Int64 {
        switch type {
        case .int8: return try integer(Int64.self)
        case .int4: return Int64(try integer(Int32.self))
        case .int2: return Int64(try integer(Int16.self))
        case .oid: return Int64(try integer(UInt32.self))
        case .numeric:
            guard let integer = Int64(try numericText()) else { throw .outOfRange }
            return integer
        default: throw .typeMismatch
        }
    }

    /// Any integer type, if its value fits.
    func narrowedInteger<I: FixedWidthInteger>(_: I.Type) throws(PostgresDecodingFailure) -> I {
        guard let narrowed = I(exactly: try widenedInteger()) else { throw .outOfRange }
        return narrowed
    }
}

extension Int16: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int2 }

    package func encode(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: self)
    }

    package static func decode(_ value: PostgresValue) throws(PostgresDecodingFailure) -> Int16 {
        try value.narrowedInteger(Int16.self)
    }
}

extension Int32: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int4 }

    package func encode(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: self)
    }

    package static func decode(_ value: PostgresValue) throws(PostgresDecodingFailure) -> Int32 {
        try value.narrowedInteger(Int32.self)
    }
}

extension Int64: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int8 }

    package func encode(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: self)
    }

    package static func decode(_ value: PostgresValue) throws(PostgresDecodingFailure) -> Int64 {
        try value.widenedInteger()
    }
}

extension Int: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .int8 }

    package func encode(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: Int64(self))
    }

    package static func decode(_ value: PostgresValue) throws(PostgresDecodingFailure) -> Int {
        try value.narrowedInteger(Int.self)
    }
}

extension Double: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .float8 }

    package func encode(into bytes: inout [UInt8]) {
        bytes.append(bigEndian: bitPattern)
    }

    package static func decode(_ value: PostgresValue) throws(PostgresDecodingFailure) -> Double {
        switch value.type {
        case .float8: return Double(bitPattern: try value.integer(UInt64.self))
        case .float4: return Double(Float(bitPattern: try value.integer(UInt32.self)))
        case .numeric:
            guard let double = Double(try value.numericText()) else { throw .malformed }
            return double
        default: throw .typeMismatch
        }
    }
}
