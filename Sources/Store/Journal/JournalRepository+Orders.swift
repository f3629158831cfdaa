import Postgres
import Trading

// Orders that leave for an exchange.

extension JournalRepository {
    /// Reads the journal back after a commit, whatever its answer was, and before anything is sent.
    ///
    /// - Parameter orders: as they were to be committed.
    /// - Returns: The ids of those that stand in the journal exactly so, decided under this token, which still counts. Any other
    ///   was there before: it may have been sent, and must not be sent again. And whether trading has been halted since:
    ///   then none of them may be sent.
    package func sendable(_ orders: [JournalledOrder], of strategy: GuardedStrategy) async throws
        -> (ids: Set<String>, isHalted: Bool)
    {
        let rows = try await database.query(
            """
            SELECT o.client_order_id, (SELECT halted FROM tenure.halt)
            FROM unnest(\(orders.map(\.id)), \(orders.map { $0.signedAt?.milliseconds })) AS t (id, signed_at_ms)
            JOIN tenure.orders o ON o.client_order_id = t.id AND o.signed_at_ms = t.signed_at_ms
            JOIN tenure.shards s ON s.id = o.shard AND s.epoch = o.epoch
            WHERE o.strategy_id = \(strategy.id) AND o.status = 'intended'
                AND s.id = \(Int32(strategy.shard)) AND s.owner = \(strategy.owner) AND s.epoch = \(strategy.epoch)
                AND tenure.timeline_of(\(strategy.owner)) = (SELECT tenure.current_timeline())
            """
        )
        let found = try rows.map { try $0.decode(String.self, Bool.self) }
        return (Set(found.map(\.0)), found.contains(where: \.1))
    }

    /// Which of these client order ids stand in the journal.
    package func known(_ orderIDs: [String]) async throws -> Set<String> {
        let rows = try await database.query(
            "SELECT client_order_id FROM tenure.orders WHERE client_order_id = ANY(\(orderIDs))"
        )
        return Set(try rows.map { try $0.decode(String.self) })
    }

    /// Shows people something about a strategy that goes on running: as its last error, and as an event.
    ///
    /// - Parameters:
    ///   - kind: of the event.
    ///   - message: `nil`: it is over; only the last error is cleared.
    ///   - pausesEntries: no new entries until somebody resumes the strategy.
    package func note(
        _ strategy: GuardedStrategy,
        kind: String,
        message: String?,
        pausesEntries: Bool = false
    ) async throws {
        try await database.query(
            """
            WITH guarded AS (
                SELECT id FROM tenure.shards
                WHERE id = \(Int32(strategy.shard)) AND owner = \(strategy.owner) AND epoch = \(strategy.epoch)
                    AND tenure.timeline_of(\(strategy.owner)) = (SELECT tenure.current_timeline())
                -- Whoever changes what is wanted of a strategy counts it on this row.
                FOR NO KEY UPDATE
            ), noted AS (
                UPDATE tenure.strategies SET last_error = \(message), paused = paused OR \(pausesEntries)
                WHERE id = \(strategy.id) AND shard IN (SELECT id FROM guarded)
                RETURNING id, symbol, shard
            ), counted AS (
                UPDATE tenure.shards h SET revision = h.revision + 1 FROM noted n WHERE h.id = n.shard AND \(pausesEntries)
            ), told AS (
                INSERT INTO tenure.events (kind, strategy_id, replica_id, details)
                SELECT \(kind), id, \(strategy.owner), jsonb_build_object('symbol', symbol, 'reason', \(message)::text)
                FROM noted WHERE \(message)::text IS NOT NULL
            )
            SELECT pg_notify('tenure', 'noted ' || id) FROM noted
            """
        )
    }
}
