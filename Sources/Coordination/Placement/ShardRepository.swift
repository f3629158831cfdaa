package import Postgres

/// The SQL of owning shards: release, list, mark as ready; and claim. Whoever joined under another timeline than the server's
/// changes nothing.
package struct ShardRepository: Sendable {
    let executor: any PostgresExecutor

    package init(_ executor: any PostgresExecutor) {
        self.executor = executor
    }

    /// What the database says `id` owns.
    func owned(by id: ReplicaID) async throws -> [FencingToken] {
        try decode(try await executor.query("SELECT id, epoch FROM tenure.shards WHERE owner = \(id)"), id)
    }

    /// Rows that begin with a shard's id and epoch.
    private func decode(_ rows: PostgresResult, _ owner: ReplicaID) throws -> [FencingToken] {
        try rows.map { row in
            let (shard, epoch) = try row.decode(Int.self, Int64.self)
            return FencingToken(shard: shard, owner: owner, epoch: epoch)
        }
    }

    /// Gives up shards whose strategies have been settled. `receiver` takes them while it lives; `nil` leaves them to all.
    func release(_ tokens: [FencingToken], to receiver: ReplicaID?) async throws -> [FencingToken] {
        guard let owner = tokens.first?.owner else { return [] }
        let rows = try await executor.query(
            """
            WITH released AS (
                UPDATE tenure.shards s
                SET owner = NULL, handed_to = \(receiver as ReplicaID?), released_by = \(owner),
                    released_name = (SELECT name FROM tenure.replicas WHERE id = \(owner)),
                    released_at = clock_timestamp()
                FROM unnest(\(tokens.map { Int32($0.shard) }), \(tokens.map(\.epoch))) AS t (id, epoch)
                WHERE s.id = t.id AND s.epoch = t.epoch AND s.owner = \(owner)
                    AND tenure.timeline_of(\(owner)) = (SELECT tenure.current_timeline())
                RETURNING s.id, s.epoch, s.strategies
            ), told AS (
                INSERT INTO tenure.events (kind, replica_id, details)
                SELECT 'handed_over', \(owner), jsonb_build_object('to', \(receiver as ReplicaID?), 'shards', count(*),
                    'strategies', sum(strategies))
                FROM released WHERE strategies > 0 HAVING count(*) > 0
            )
            SELECT id, epoch, pg_notify('tenure', 'released') FROM released
            """
        )
        return try decode(rows, owner)
    }

    /// Gives up to `count` shards without strategies to `receiver`.
    func releaseEmpty(_ count: Int, of owner: ReplicaID, to receiver: ReplicaID) async throws -> [FencingToken] {
        let rows = try await executor.query(
            """
            WITH chosen AS (
                SELECT id FROM tenure.shards WHERE owner = \(owner) AND strategies = 0
                    AND tenure.timeline_of(\(owner)) = (SELECT tenure.current_timeline())
                ORDER BY id DESC LIMIT \(count) FOR UPDATE SKIP LOCKED
            ), released AS (
                UPDATE tenure.shards s SET owner = NULL, handed_to = \(receiver) FROM chosen WHERE s.id = chosen.id
                RETURNING s.id, s.epoch
            )
            SELECT id, epoch, pg_notify('tenure', 'released') FROM released
            """
        )
        return try decode(rows, owner)
    }

    /// Says that all strategies of these shards have been brought up.
    package func markReady(_ tokens: [FencingToken]) async throws {
        guard let owner = tokens.first?.owner else { return }
        try await executor.query(
            """
            WITH locked AS (
                SELECT s.id
                FROM tenure.shards s
                JOIN unnest(\(tokens.map { Int32($0.shard) }), \(tokens.map(\.epoch))) AS t (id, epoch)
                    ON s.id = t.id AND s.epoch = t.epoch AND s.owner = \(owner)
                WHERE tenure.timeline_of(\(owner)) = (SELECT tenure.current_timeline())
                -- In the order in which steps lock shards, or the two meet in a deadlock.
                ORDER BY s.id FOR NO KEY UPDATE OF s
            ), ready AS (
                UPDATE tenure.shards s SET ready_epoch = s.epoch FROM locked WHERE s.id = locked.id
                RETURNING s.id, s.epoch, s.strategies
            ), recorded AS (
                UPDATE tenure.ownership o SET ready_at = clock_timestamp()
                FROM ready WHERE o.shard = ready.id AND o.epoch = ready.epoch
            )
            INSERT INTO tenure.events (kind, replica_id, details)
            SELECT 'restored', \(owner), jsonb_build_object('shards', count(*), 'strategies', sum(strategies))
            FROM ready WHERE strategies > 0 HAVING count(*) > 0
            """
        )
    }
}
