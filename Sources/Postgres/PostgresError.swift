/// What went wrong, what it means for the statement's effects, and what to do.
///
/// Parameters are never part of an error, the statement's text is.
package struct PostgresError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure; decides what a caller may do next.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Value: String {  // swift-format-ignore
            case server, connection, unknownOutcome, timeout, cancelled, decoding, closed, poolTimeout, invalidUse
        }

        private let value: Value

        /// The server refused the statement; it did nothing. `sqlState` says why.
        package static let server = Code(value: .server)
        /// There is no usable connection and nothing was sent: safe to repeat.
        package static let connection = Code(value: .connection)
        /// The statement was sent and its answer was lost: it may or may not have happened. Never repeated silently.
        package static let unknownOutcome = Code(value: .unknownOutcome)
        /// The statement's (or the connect's) time was up. See `mayHaveBeenApplied`.
        package static let timeout = Code(value: .timeout)
        /// The calling task was cancelled. See `mayHaveBeenApplied`.
        package static let cancelled = Code(value: .cancelled)
        /// A column does not hold what was asked for.
        package static let decoding = Code(value: .decoding)
        /// The connection or pool was closed by its owner; nothing was sent.
        package static let closed = Code(value: .closed)
        /// No connection became free in time; nothing was sent.
        package static let poolTimeout = Code(value: .poolTimeout)
        /// The call itself is wrong (configuration, too many parameters, COPY through `query`); nothing was done.
        package static let invalidUse = Code(value: .invalidUse)

        package var description: String { value.rawValue }
    }

    /// What the server tells about an error, field by field.
    struct ServerFields: Sendable {
        var severity: String?
        var sqlState: String?
        var message: String?
        var detail: String?
        var hint: String?
        var context: String?
        var schema: String?
        var table: String?
        var constraint: String?
        var routine: String?
    }

    private final class Storage: Sendable {
        let code: Code
        let message: String
        let mayHaveBeenApplied: Bool
        let fields: ServerFields
        let query: String?

        init(code: Code, message: String, mayHaveBeenApplied: Bool, fields: ServerFields, query: String?) {
            self.code = code
            self.message = message
            self.mayHaveBeenApplied = mayHaveBeenApplied
            self.fields = fields
            self.query = query
        }
    }

    private let storage: Storage

    init(
        _ code: Code,
        _ message: String,
        mayHaveBeenApplied: Bool = false,
        fields: ServerFields = ServerFields(),
        query: String? = nil
    ) {
        storage = Storage(
            code: code,
            message: message,
            mayHaveBeenApplied: mayHaveBeenApplied || code == .unknownOutcome,
            fields: fields,
            query: query
        )
    }

    package var code: Code { storage.code }
    /// What happened and, where it is not obvious, what to do.
    package var message: String { storage.message }
    /// True if the statement was sent and nobody can say whether it took effect.
    package var mayHaveBeenApplied: Bool { storage.mayHaveBeenApplied }
    /// The five characters by which PostgreSQL classifies its errors; also kept when a connection was lost.
    package var sqlState: String? { storage.fields.sqlState }
    package var detail: String? { storage.fields.detail }
    package var hint: String? { storage.fields.hint }
    /// The constraint that was violated.
    package var constraint: String? { storage.fields.constraint }
    package var table: String? { storage.fields.table }
    /// The statement's text, without its parameters.
    package var query: String? { storage.query }

    var fields: ServerFields { storage.fields }

    /// True if the connection is of no more use (as opposed to an error of one statement).
    package var isConnectionLoss: Bool {
        code == .connection || code == .unknownOutcome || code == .closed
    }

    package var description: String {
        var text = "PostgreSQL \(code)"
        if let sqlState { text += " [\(sqlState)]" }
        text += ": \(message)"
        if let detail { text += " Detail: \(detail)" }
        if let hint { text += " Hint: \(hint)" }
        if let constraint { text += " Constraint: \(constraint)" }
        if let query { text += " Statement: \(query)" }
        return text
    }

    func with(code: Code? = nil, message: String? = nil, mayHaveBeenApplied: Bool? = nil, query: String?)
        -> PostgresError
    {
        PostgresError(
            code ?? self.code,
            message ?? self.message,
            mayHaveBeenApplied: mayHaveBeenApplied ?? self.mayHaveBeenApplied,
            fields: fields,
            query: query ?? self.query
        )
    }
}
