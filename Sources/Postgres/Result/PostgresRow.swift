/// One row of a result.
package struct PostgresRow: Sendable {
    private let storage: ResultStorage
    private let index: Int

    init(storage: ResultStorage, index: Int) {
        self.storage = storage
        self.index = index
    }

    /// Reads the first columns, in order: `let (id, name) = try row.decode(Int64.self, String?.self)`.
    ///
    /// - Throws: `PostgresError` (`.decoding`) that names column and types.
    package func decode<each T: PostgresDecodable>(
        _ type: repeat (each T).Type
    ) throws(PostgresError) -> (repeat each T) {
        var column = 0
        return (repeat try next((each T).self, &column))
    }

    /// Reads the column of this exact name.
    ///
    /// - Throws: `PostgresError` (`.decoding`) that names column and types.
    package func decode<T: PostgresDecodable>(
        _ column: String,
        as type: T.Type = T.self
    ) throws(PostgresError) -> T {
        guard let position = storage.column(named: column) else {
            let known = (0..<storage.columnCount).map(storage.name(column:)).joined(separator: ", ")
            throw PostgresError(.decoding, "There is no column \"\(column)\" in the result; it has: \(known).")
        }
        return try value(type, at: position)
    }

    private func next<T: PostgresDecodable>(_ type: T.Type, _ column: inout Int) throws(PostgresError) -> T {
        defer { column += 1 }
        guard column < storage.columnCount else {
            throw PostgresError(
                .decoding,
                "Column \(column + 1) was asked for as \(type), but the result has \(storage.columnCount) columns."
            )
        }
        return try value(type, at: column)
    }

    private func value<T: PostgresDecodable>(_ type: T.Type, at column: Int) throws(PostgresError) -> T {
        let value = storage.value(row: index, column: column)
        do {
            // The value points into the result.
            defer { withExtendedLifetime(storage) {} }
            return try T.decode(value)
        } catch {
            let what = "Column \"\(storage.name(column: column))\" of type \(value.type)"
            switch error {
            case .null: throw PostgresError(.decoding, "\(what) is NULL; read it as \(type)?.")
            case .typeMismatch: throw PostgresError(.decoding, "\(what) cannot be read as \(type); cast it in the SQL.")
            case .outOfRange: throw PostgresError(.decoding, "\(what) holds a value that does not fit \(type).")
            case .malformed: throw PostgresError(.decoding, "\(what) is malformed for \(type).")
            }
        }
    }
}
