/// Why a replica cannot take part. The message says what to change.
package struct CoordinationError: Error, CustomStringConvertible, Equatable {
    package enum Code: Sendable, Equatable {
        case sessionIsNotDirect
    }

    package let code: Code
    package let message: String

    package var description: String { message }

    static let sessionIsNotDirect = CoordinationError(
        code: .sessionIsNotDirect,
        message: """
            The session connection does not keep its lock: it goes through a connection pooler in transaction mode. \
            Set TENURE_SESSION_DATABASE_URL to the address of PostgreSQL itself.
            """
    )
}
