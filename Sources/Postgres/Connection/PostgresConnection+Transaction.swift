/// How far a transaction is kept from others; PostgreSQL's own levels.
package enum PostgresIsolation: String, Sendable {
    case readCommitted = "READ COMMITTED"
    case repeatableRead = "REPEATABLE READ"
    case serializable = "SERIALIZABLE"
}

/// Whether a transaction's body may be run again.
package enum PostgresRepetition: Sendable {
    case once
    /// The body does nothing but statements of its transaction, so it may be run again from the start when the server
    /// could not serialise it (40001) or broke a deadlock with it (40P01): up to this many times in all.
    case repeatable(attempts: Int)

    var attempts: Int {
        switch self {
        case .once: 1
        case .repeatable(let attempts): max(1, attempts)
        }
    }
}

extension PostgresError {
    /// The server undid the transaction because of others that ran beside it: run again, it may succeed.
    package var isTransactionConflict: Bool {
        code == .server && (sqlState == "40001" || sqlState == "40P01")
    }
}

extension PostgresConnection {
    /// Runs `body` in a transaction: committed when it returns, rolled back when it throws (or its task is cancelled).
    ///
    /// The connection must not be shared meanwhile.
    ///
    /// - Parameter repetition: whether `body` may be run again after a conflict with other transactions.
    /// - Throws: what `body` throws; `PostgresError` where the transaction cannot be begun or committed.
    ///   `.unknownOutcome` if the connection is lost in the commit.
    @discardableResult
    package func withTransaction<R>(
        isolation: PostgresIsolation = .readCommitted,
        repetition: PostgresRepetition = .once,
        _ body: (PostgresConnection) async throws -> R
    ) async throws -> R {
        var backoff = Backoff(initial: .milliseconds(2), limit: .milliseconds(100))
        for _ in 1..<repetition.attempts {
            do {
                return try await attempt(isolation, body)
            } catch let error as PostgresError where error.isTransactionConflict && !isClosed {
                // Jittered, lest the same two meet again.
                try await Task.sleep(for: backoff.next(), clock: .continuous)
            }
        }
        return try await attempt(isolation, body)
    }

    private func attempt<R>(
        _ isolation: PostgresIsolation,
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
