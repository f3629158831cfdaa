import Postgres
import Trading

/// Whose turn it is to send, and how far the events have been sent.
///
/// The owner of the first shard sends: there is always at most one, and if it is gone there is another one a moment later.
struct WebhookRepository: Sendable {
    let database: any PostgresExecutor
    /// Of this process.
    let instance: String

    struct Turn: Sendable {
        /// Of the shard: another one means that somebody else may have sent meanwhile.
        let epoch: Int64
        let position: Int64
        /// By the database's clock.
        let now: Timestamp
    }

    private static let timeout = Duration.seconds(5)

    /// Nil if it is not this process's turn.
    func turn() async throws -> Turn? {
        let rows = try await database.query(
            """
            SELECT h.epoch,
                -- A database that lost its last commits gives their numbers to other events.
                coalesce(least(w.position, (SELECT max(id) FROM tenure.events)), 0),
                (extract(epoch FROM clock_timestamp()) * 1000)::bigint
            FROM tenure.webhook_cursor w, tenure.shards h JOIN tenure.replicas r ON r.id = h.owner
            WHERE h.id = 0 AND r.instance = \(instance) AND r.fenced_at IS NULL
            """,
            timeout: Self.timeout
        )
        guard let row = rows.first else { return nil }
        let (epoch, position, now) = try row.decode(Int64.self, Int64.self, Int64.self)
        return Turn(epoch: epoch, position: position, now: Timestamp(milliseconds: now))
    }

    /// Everything up to `position` has been dealt with. False if it is not this process's turn any more.
    func advance(to position: Int64, epoch: Int64) async throws -> Bool {
        let rows = try await database.query(
            """
            WITH mine AS (
                SELECT h.id FROM tenure.shards h JOIN tenure.replicas r ON r.id = h.owner
                WHERE h.id = 0 AND h.epoch = \(epoch) AND r.instance = \(instance) AND r.fenced_at IS NULL
                FOR SHARE OF h
            )
            UPDATE tenure.webhook_cursor SET position = \(position), updated_at = clock_timestamp()
            WHERE EXISTS (SELECT FROM mine)
            RETURNING id
            """,
            timeout: Self.timeout
        )
        return !rows.isEmpty
    }
}
