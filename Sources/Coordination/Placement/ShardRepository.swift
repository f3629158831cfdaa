package import Postgres

/// The SQL of owning shards: claim, release, list, mark as ready. Whoever joined under another timeline than the server's
/// changes nothing.
package struct ShardRepository: Sendable {
    let executor: any PostgresExecutor

    package init(_ executor: any PostgresExecutor) {
        self.executor = executor
    }

    /// Takes orphaned shards for `id`, up to its fair share, in one statement.
    ///
    /// Shards with strategies and empty ones are shared out separately. Survivors share the work without talking to each
    /// other: each prefers every n-th orphan, counted from its own rank. What was released to this replica by name it takes
    /// whatever its share is. A shard counts as taken only if its epoch is still the one that was seen (re-checked under its
    /// lock), so two claims can never both take it.
    ///
    /// - Returns: What was taken, and how many more were chosen but locked by somebody at that moment.
    func claim(_ id: ReplicaID) async throws -> (claims: [ShardClaim], missed: Int) {
        let row = try await executor.query(
            """
            WITH live AS (
                SELECT id, capacity, draining FROM tenure.replicas WHERE fenced_at IS NULL
            ), ready AS (
                SELECT id, capacity, row_number() OVER (ORDER BY id) AS rank, count(*) OVER () AS members,
                    sum(capacity) OVER () AS total_capacity
                FROM live WHERE NOT draining
            ), me AS (
                SELECT * FROM ready WHERE id = \(id) AND tenure.timeline_of(id) = (SELECT tenure.current_timeline())
            ), shard AS (
                SELECT s.id, s.owner, s.epoch, s.strategies > 0 AS loaded, greatest(s.strategies, 1) AS weight,
                    NOT EXISTS (SELECT FROM live WHERE live.id = s.owner) AS orphan,
                    -- A receiver that is gone or leaving keeps nothing back for itself.
                    CASE WHEN EXISTS (SELECT FROM ready WHERE ready.id = s.handed_to) THEN s.handed_to END AS handed_to
                FROM tenure.shards s
            ), room AS (
                SELECT loaded, ceil(sum(weight)::numeric * me.capacity / me.total_capacity)
                    - coalesce(sum(weight) FILTER (WHERE owner = me.id), 0) AS room
                FROM shard, me GROUP BY loaded, me.id, me.capacity, me.total_capacity
            ), orphan AS (
                SELECT o.*, coalesce(o.handed_to = me.id, false) AS mine,
                    (row_number() OVER (PARTITION BY loaded ORDER BY weight DESC, o.id)) % me.members = me.rank % me.members
                        AS preferred
                FROM shard o, me WHERE o.orphan AND (o.handed_to IS NULL OR o.handed_to = me.id)
            ), ordered AS (
                SELECT o.id, o.epoch, o.owner, o.mine, o.loaded,
                    coalesce(sum(weight) OVER (
                        PARTITION BY loaded ORDER BY mine DESC, preferred DESC, weight DESC, o.id
                        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
                FROM orphan o
            ), chosen AS (
                SELECT o.id, o.epoch, o.owner FROM ordered o JOIN room USING (loaded) WHERE o.mine OR o.before < room.room
            ), locked AS (
                SELECT s.id, chosen.owner AS previous
                FROM tenure.shards s JOIN chosen ON chosen.id = s.id AND chosen.epoch = s.epoch
                FOR UPDATE OF s SKIP LOCKED
            ), claimed AS (
                UPDATE tenure.shards s
                SET owner = \(id), epoch = s.epoch + 1, handed_to = NULL, acquired_at = clock_timestamp(),
                    ready_epoch = CASE WHEN s.strategies = 0 THEN s.epoch + 1 ELSE s.ready_epoch END
                FROM locked WHERE s.id = locked.id
                RETURNING s.id, s.epoch, s.strategies, locked.previous
            ), recorded AS (
                INSERT INTO tenure.ownership (shard, epoch, owner, owner_name, previous_owner, reason)
                SELECT c.id, c.epoch, r.id, r.name, c.previous,
                    CASE WHEN c.previous IS NOT NULL THEN 'crash' WHEN c.epoch > 1 THEN 'handover' ELSE 'vacant' END
                FROM claimed c JOIN tenure.replicas r ON r.id = \(id) WHERE c.strategies > 0
                RETURNING shard, owner, owner_name, previous_owner, reason
            ), told AS (
                -- One for all that came the same way: what happened to each strategy is in the table of ownership.
                INSERT INTO tenure.events (kind, replica_id, details)
                SELECT 'claimed', r.owner, jsonb_build_object('name', r.owner_name, 'reason', r.reason,
                    'from', r.previous_owner, 'shards', count(*), 'strategies', sum(c.strategies))
                FROM recorded r JOIN claimed c ON c.id = r.shard
                GROUP BY r.owner, r.owner_name, r.previous_owner, r.reason
            )
            SELECT (SELECT count(*) FROM chosen), coalesce(array_agg(id), '{}'), coalesce(array_agg(epoch), '{}'),
                coalesce(array_agg(strategies), '{}')
            FROM claimed
            """
        ).only
        let (chosen, shards, epochs, strategies) = try row.decode(Int.self, [Int32].self, [Int64].self, [Int32].self)
        let claims = shards.indices.map { index in
            ShardClaim(
                token: FencingToken(shard: Int(shards[index]), owner: id, epoch: epochs[index]),
                strategies: Int(strategies[index])
            )
        }
        return (claims, chosen - claims.count)
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
                UPDATE tenure.shards s SET owner = NULL, handed_to = \(receiver as ReplicaID?)
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
                UPDATE tenure.shards s SET ready_epoch = s.epoch FROM locked WHERE s.id = locked.id RETURNING s.strategies
            )
            INSERT INTO tenure.events (kind, replica_id, details)
            SELECT 'restored', \(owner), jsonb_build_object('shards', count(*), 'strategies', sum(strategies))
            FROM ready WHERE strategies > 0 HAVING count(*) > 0
            """
        )
    }
}
