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
}
