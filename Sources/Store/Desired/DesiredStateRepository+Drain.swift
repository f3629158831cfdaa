import Postgres

extension DesiredStateRepository {
    /// Asks a replica to hand everything over and go. Asked again, it changes nothing but wakes the replica once more.
    ///
    /// - Parameter by: Who asks, for the record.
    /// - Returns: False if there is no such replica (any more).
    /// - Throws: `PostgresError`.
    package func requestDrain(ofReplica id: Int64, by: String? = nil) async throws -> Bool {
        let rows = try await database.query(
            """
            WITH target AS MATERIALIZED (
                SELECT r.id, r.name, r.draining FROM tenure.replicas r
                WHERE r.id = \(id) AND r.fenced_at IS NULL
                FOR NO KEY UPDATE
            ), marked AS (
                UPDATE tenure.replicas r SET draining = true, drain_requested_at = clock_timestamp()
                FROM target t
                WHERE r.id = t.id AND NOT t.draining
                RETURNING r.id, t.name
            ), logged AS (
                INSERT INTO tenure.events (kind, replica_id, details)
                SELECT 'drain_requested', m.id,
                    jsonb_strip_nulls(jsonb_build_object('name', m.name, 'by', \(by)::text))
                FROM marked m
            )
            SELECT pg_notify('tenure', 'drain ' || id)::text FROM target
            """,
            timeout: timeout
        )
        return !rows.isEmpty
    }
}
