package import Postgres

/// Why a schema cannot be brought up to date, and what to do.
package struct MigrationError: Error, Sendable, CustomStringConvertible {
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Value: String {
            case databaseIsNewer, edited, outOfOrder, missingRights, unsupportedServer, pooled, failed
        }

        private let value: Value

        /// The database has versions that this binary does not know.
        package static let databaseIsNewer = Code(value: .databaseIsNewer)
        /// A migration differs from what was applied under its version.
        package static let edited = Code(value: .edited)
        /// A version is missing below one that was applied.
        package static let outOfOrder = Code(value: .outOfOrder)
        /// The role may not do what a migration does.
        package static let missingRights = Code(value: .missingRights)
        /// PostgreSQL is older than 14.
        package static let unsupportedServer = Code(value: .unsupportedServer)
        /// The connection goes through a pooler, which does not keep session locks.
        package static let pooled = Code(value: .pooled)
        /// The SQL failed, or the connection did; nothing of the migration in question was kept.
        package static let failed = Code(value: .failed)

        package var description: String { value.rawValue }
    }

    package let code: Code
    package let message: String
    package let underlying: PostgresError?

    init(_ code: Code, _ message: String, underlying: PostgresError? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    package var description: String {
        "Migration \(code): \(message)" + (underlying.map { " (\($0))" } ?? "")
    }
}
