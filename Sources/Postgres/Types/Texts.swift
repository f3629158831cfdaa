extension String: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .text }

    package func encode(into bytes: inout [UInt8]) {
        bytes.append(contentsOf: utf8)
    }

    /// Reads text of every kind, names, enums, and numerics (exact, as the server prints them).
    package static func decode(_ value: PostgresValue) throws(PostgresDecodingFailure) -> String {
        switch value.type {
        case .text, .varchar, .name, .bpchar, .unknown, .json, .char: break
        case .jsonb: return try PostgresJSON.decode(value).text
        case .numeric: return try value.numericText()
        case .uuid: return try PostgresUUID.decode(value).description
        case _ where value.type.isUserDefined: break
        default: throw .typeMismatch
        }
        let bytes = try value.required()
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed }
        // An enum or a text-like extension type has no NUL; a composite in binary form nearly always has.
        if value.type.isUserDefined, bytes.contains(0) { throw .typeMismatch }
        return text
    }
}

/// A `jsonb` value as its text.
package struct PostgresJSON: PostgresEncodable, PostgresDecodable, Hashable {
    package var text: String

    package init(_ text: String) {
        self.text = text
    }

    package static var postgresType: PostgresType { .jsonb }

    private static let version: UInt8 = 1

    package func encode(into bytes: inout [UInt8]) {
        bytes.append(Self.version)
        bytes.append(contentsOf: text.utf8)
    }

    package static func decode(_ value: PostgresValue) throws(PostgresDecodingFailure) -> PostgresJSON {
        var bytes = try value.required()
        switch value.type {
        case .json, .text: break
        case .jsonb:
            guard bytes.first == version else { throw .malformed }
            bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        default: throw .typeMismatch
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed }
        return PostgresJSON(text)
    }
}
