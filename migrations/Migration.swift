import Crypto

/// One step of the schema: a file of SQL, embedded in the binary.
package struct Migration: Sendable, Hashable {
    /// Counts from 1, without gaps.
    package let version: Int
    /// As in the file's name: `init` of `V0001__init.sql`.
    package let name: String
    let sql: [UInt8]

    package init(version: Int, name: String, sql: [UInt8]) {
        self.version = version
        self.name = name
        self.sql = sql
    }

    /// Of the file's bytes; a migration that has been applied anywhere must never change.
    package var checksum: String {
        var hash = SHA256()
        sql.withUnsafeBytes { hash.update(bufferPointer: $0) }
        return hash.finalize().map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// The name of its file.
    package var fileName: String {
        let digits = String(version)
        return "V" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits + "__\(name).sql"
    }

    var text: String { String(decoding: sql, as: UTF8.self) }
}
