/// How far a transaction is kept from others; PostgreSQL's own levels.
package enum PostgresIsolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}

extension PostgresConnection {
    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws (or its task is cancelled).
    ///
    /// The connection must not be shared meanwhile.
    ///
    /// - Throws: what `body` throws; `PostgresError` where the transaction cannot be begun or committed.
    ///   `.unknownOutcome` if the connection is lost in the commit.
    @discardableResult
    package func withTransaction<R>(
        isolation: PostgresIsolation = .readCommitted,
        _ body: (PostgresConnection) async throws -> R
    ) async throws -> R {
        try await query("BEGIN ISOLATION LEVEL \(raw: isolation.rawValue)")
        let value: R
        do {
            value = try await body(self)
            try Task.checkCancellation()
        } catch {
            do {
                _ = try await performShielded("ROLLBACK", timeout: .seconds(5))
            } catch {
                // Neither in a transaction nor out of it: of no more use. What went wrong first is the caller's answer.
                IOThread.shared.send(.close(driver))
            }
            throw error
        }
        let committed = try await performShielded("COMMIT", timeout: nil)
        guard committed.commandTag == "COMMIT" else {
            throw PostgresError(
                .server,
                "The transaction was rolled back: a statement in it had failed, though the body went on.",
                query: "COMMIT"
            )
        }
        return value
    }
}
