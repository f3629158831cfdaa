package import Postgres

/// Waits until so many sessions wait for a lock in the database of `connection`, which may be the one that holds it, in a
/// transaction, but must have nothing else to do.
package func lockWaiters(_ count: Int64, seenBy connection: PostgresConnection) async throws {
    try await eventually("\(count) wait for a lock") {
        // Unlike pg_stat_activity this changes in the middle of a transaction.
        try await connection.query(
            """
            SELECT count(DISTINCT w.pid) FROM pg_locks w JOIN pg_locks h USING (pid) JOIN pg_database d ON d.oid = h.database
            WHERE NOT w.granted AND h.granted AND d.datname = current_database()
            """
        )[0].decode(Int64.self) == count
    }
}
