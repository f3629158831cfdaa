internal import CLibPQ

/// Owns one `PGresult`.
///
/// Unchecked: a finished `PGresult` is never changed again, and libpq's functions that read one may be called from any
/// thread; it is freed once, when its last owner is done.
final class ResultStorage: @unchecked Sendable {
    let pointer: OpaquePointer
    let rowCount: Int
    let columnCount: Int

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        rowCount = Int(PQntuples(pointer))
        columnCount = Int(PQnfields(pointer))
    }

    deinit {
        PQclear(pointer)
    }

    func value(row: Int, column: Int) -> PostgresValue {
        let type = PostgresType(oid: PQftype(pointer, Int32(column)))
        let length = Int(PQgetlength(pointer, Int32(row), Int32(column)))
        if length == 0, PQgetisnull(pointer, Int32(row), Int32(column)) != 0 {
            return PostgresValue(type: type, bytes: nil)
        }
        let start = PQgetvalue(pointer, Int32(row), Int32(column))
        return PostgresValue(type: type, bytes: UnsafeRawBufferPointer(start: start, count: length))
    }

    func name(column: Int) -> String {
        PQfname(pointer, Int32(column)).map { String(cString: $0) } ?? ""
    }

    /// The first column of that exact name. (`PQfnumber` folds case.)
    func column(named name: String) -> Int? {
        var name = name
        return name.withUTF8 { name in
            (0..<columnCount).first { column in
                guard let own = PQfname(pointer, Int32(column)) else { return false }
                // A shorter one ends in a zero, which no name has within.
                for index in name.indices where UInt8(truncatingIfNeeded: own[index]) != name[index] { return false }
                return own[name.count] == 0
            }
        }
    }

    /// What the server calls the command it ran: `SELECT 1`, `COMMIT`, ….
    var commandTag: String {
        PQcmdStatus(pointer).map { String(cString: $0) } ?? ""
    }

    var affectedRows: Int {
        PQcmdTuples(pointer).flatMap { Int(String(cString: $0)) } ?? 0
    }
}
