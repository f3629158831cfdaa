package import Postgres

/// Requests that name themselves, and what became of them.
package struct IdempotencyRepository: Sendable {
    /// What is known of a request.
    package struct Entry: Sendable {
        /// Whether the key stands for another request.
        package let isOther: Bool
        /// The strategy that it was done to; nil if it was not done yet.
        package let strategyID: Int64?
        package let answer: FirstAnswer?
    }

    /// The first final answer to a request.
    package struct FirstAnswer: Sendable {
        package let status: Int
        package let location: String?
        package let body: String

        package init(status: Int, location: String?, body: String) {
            self.status = status
            self.location = location
            self.body = body
        }
    }

    /// For so many hours a key is kept, at least.
    package static let hoursKept = 24

    private let database: any PostgresExecutor
    private let timeout: Duration?

    package init(database: any PostgresExecutor, timeout: Duration? = nil) {
        self.database = database
        self.timeout = timeout
    }

    /// Records the key if it is new, and says what is known of it. Every new one takes some away that are too old.
    ///
    /// - Throws: `PostgresError`.
    package func enter(_ key: IdempotencyKey) async throws -> Entry {
        let rows = try await database.query(
            """
            WITH forgotten AS (
                DELETE FROM tenure.idempotency_keys WHERE ctid IN (
                    SELECT ctid FROM tenure.idempotency_keys
                    WHERE created_at < clock_timestamp() - \(Int32(Self.hoursKept)) * interval '1 hour'
                    ORDER BY created_at LIMIT 10 FOR UPDATE SKIP LOCKED)
            )
            INSERT INTO tenure.idempotency_keys AS k (sender, key, fingerprint)
            VALUES (\(key.sender), \(key.key), \(key.fingerprint))
            ON CONFLICT (sender, key) DO UPDATE SET key = excluded.key  -- so that the row is returned
            RETURNING k.fingerprint, k.strategy_id, k.status, k.location, k.body
            """,
            timeout: timeout
        )
        guard let row = rows.first else { preconditionFailure("an upsert returned no row") }
        let (fingerprint, strategy, status, location, body) = try row.decode(
            String.self,
            Int64?.self,
            Int32?.self,
            String?.self,
            String?.self
        )
        return Entry(
            isOther: fingerprint != key.fingerprint,
            strategyID: strategy,
            answer: status.map { FirstAnswer(status: Int($0), location: location, body: body ?? "") }
        )
    }

    /// Keeps an answer, unless there is one already.
    ///
    /// - Returns: The first answer; nil if the key has been forgotten.
    /// - Throws: `PostgresError`.
    package func keep(_ answer: FirstAnswer, for key: IdempotencyKey) async throws -> FirstAnswer? {
        let rows = try await database.query(
            """
            UPDATE tenure.idempotency_keys k
            SET status = coalesce(k.status, \(Int32(answer.status))),
                location = CASE WHEN k.status IS NULL THEN \(answer.location) ELSE k.location END,
                body = coalesce(k.body, \(answer.body))
            WHERE k.sender = \(key.sender) AND k.key = \(key.key)
            RETURNING k.status, k.location, k.body
            """,
            timeout: timeout
        )
        guard let row = rows.first else { return nil }
        let (status, location, body) = try row.decode(Int32.self, String?.self, String.self)
        return FirstAnswer(status: Int(status), location: location, body: body)
    }
}
