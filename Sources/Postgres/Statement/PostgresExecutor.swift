/// Something that runs statements: a connection, or a pool of them.
package protocol PostgresExecutor: Sendable {
    /// Runs one statement and returns all of its rows.
    ///
    /// - Parameter timeout: after this the statement is cancelled on the server; nil waits for as long as it takes.
    /// - Throws: `PostgresError`; its `code` and `mayHaveBeenApplied` say whether the statement can have had effects.
    @discardableResult
    func query(_ statement: PostgresStatement, timeout: Duration?) async throws(PostgresError) -> PostgresResult
}

extension PostgresExecutor {
    /// Runs one statement, for as long as it takes.
    @discardableResult
    package func query(_ statement: PostgresStatement) async throws(PostgresError) -> PostgresResult {
        try await query(statement, timeout: nil)
    }

    /// Runs one statement that only reads, and returns all of its rows.
    ///
    /// Such statements of many callers share a message to the server and one back, at a fraction of the cost. An error
    /// stays with its caller all the same: the others are read again. So what is read must not have any effect (no locks
    /// that outlast the statement either), and `now()` may be that of a neighbour, earlier by what it takes to run those.
    package func read(
        _ statement: PostgresStatement,
        timeout: Duration? = nil
    ) async throws(PostgresError) -> PostgresResult {
        var statement = statement
        statement.onlyReads = true
        return try await query(statement, timeout: timeout)
    }
}
