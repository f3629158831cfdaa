package import Postgres
import Trading

/// The switch for all trading. Every method is one statement.
package struct HaltRepository: Sendable {
    let database: any PostgresExecutor
    /// After this a statement is cancelled.
    let timeout: Duration?

    package init(database: any PostgresExecutor, timeout: Duration? = nil) {
        self.database = database
        self.timeout = timeout
    }

    private static let columns = "h.number, h.halted, h.reason, h.by, h.since"

    package func current() async throws -> TradingHalt {
        let rows = try await database.query("SELECT \(raw: Self.columns) FROM tenure.halt h", timeout: timeout)
        return try halt(rows[0])
    }

    /// Halts all trading: once this has returned, no new order is committed anywhere. If it is halted already, nothing
    /// changes: the first reason holds.
    package func halt(reason: String, by: String?) async throws -> TradingHalt {
        let rows = try await database.query(
            """
            WITH changed AS (
                UPDATE tenure.halt
                SET number = number + 1, halted = true, reason = \(reason), by = \(by), since = clock_timestamp()
                WHERE NOT halted
                RETURNING *
            ), logged AS (
                INSERT INTO tenure.events (kind, details)
                SELECT 'halted', jsonb_strip_nulls(jsonb_build_object('reason', reason, 'by', by)) FROM changed
            )
            SELECT \(raw: Self.columns), pg_notify('tenure', 'halt 0')::text FROM changed h
            """,
            timeout: timeout
        )
        return if let row = rows.first { try halt(row) } else { try await current() }
    }

    /// Lets strategies trade again. Nothing that was refused is made up for.
    package func lift(by: String?) async throws -> TradingHalt {
        let rows = try await database.query(
            """
            WITH before AS (
                SELECT reason, since FROM tenure.halt
            ), changed AS (
                UPDATE tenure.halt
                SET number = number + 1, halted = false, reason = NULL, by = NULL, since = NULL
                WHERE halted
                RETURNING *
            ), logged AS (
                INSERT INTO tenure.events (kind, details)
                SELECT 'unhalted', jsonb_strip_nulls(jsonb_build_object(
                    'reason', b.reason, 'by', \(by)::text,
                    'seconds', round(extract(epoch FROM clock_timestamp() - b.since))::bigint))
                FROM changed, before b
            )
            SELECT \(raw: Self.columns), pg_notify('tenure', 'halt 0')::text FROM changed h
            """,
            timeout: timeout
        )
        return if let row = rows.first { try halt(row) } else { try await current() }
    }

    /// What holds now, for a replica; and notes what it acts by.
    ///
    /// - Parameters:
    ///   - instance: the replica's process.
    ///   - number: what it has taken to heart, down to the last order that was under way. `nil`: nothing yet.
    package func hear(instance: String, number: Int64?) async throws -> TradingHalt {
        let rows = try await database.query(
            """
            WITH heard AS (
                UPDATE tenure.replicas SET halt_heard = \(number), halt_heard_at = clock_timestamp()
                WHERE instance = \(instance) AND fenced_at IS NULL AND \(number) IS NOT NULL
                    AND halt_heard IS DISTINCT FROM \(number)
                RETURNING id
            )
            SELECT \(raw: Self.columns),
                CASE WHEN EXISTS (SELECT FROM heard) THEN pg_notify('tenure', 'heard 0')::text END
            FROM tenure.halt h
            """,
            timeout: timeout
        )
        return try halt(rows[0])
    }

    /// Who may still be letting orders leave that were committed before this change: every replica that has not heard of it and
    /// whose lease has not run out.
    package func awaited(_ number: Int64) async throws -> [Owner] {
        try await database.query(
            """
            SELECT id, name FROM tenure.replicas
            WHERE fenced_at IS NULL AND lease_expires_at > clock_timestamp() AND halt_heard IS DISTINCT FROM \(number)
            ORDER BY id
            """,
            timeout: timeout
        ).map { row in
            let (id, name) = try row.decode(Int64.self, String.self)
            return Owner(id: id, name: name)
        }
    }

    private func halt(_ row: PostgresRow) throws -> TradingHalt {
        TradingHalt(
            number: try row.decode("number", as: Int64.self),
            isHalted: try row.decode("halted", as: Bool.self),
            reason: try row.decode("reason", as: String?.self),
            by: try row.decode("by", as: String?.self),
            since: try row.decode("since", as: PostgresTimestamp?.self)?.timestamp
        )
    }
}
