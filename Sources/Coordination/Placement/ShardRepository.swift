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

    /// Gives up shards whose strategies have been settled; `receiver` as in ``release(_:)``.
    func release(_ tokens: [FencingToken], to receiver: ReplicaID?) async throws -> [FencingToken] {
        try await release(tokens.map { ($0, receiver) })
    }

    /// Gives up shards whose strategies have been settled. Each receiver takes its own while it lives and stays; `nil` leaves
    /// them to all, and so does a receiver that is leaving or gone.
    ///
    /// - Returns: What was released; the rest was not owned any more.
    func release(_ moves: [(token: FencingToken, receiver: ReplicaID?)]) async throws -> [FencingToken] {
        guard let owner = moves.first?.token.owner else { return [] }
        let tokens = moves.map(\.token)
        let rows = try await executor.query(
            """
            WITH wanted AS (
                SELECT t.id, t.epoch, r.id AS receiver
                FROM unnest(\(tokens.map { Int32($0.shard) }), \(tokens.map(\.epoch)), \(moves.map { $0.receiver ?? 0 }))
                    AS t (id, epoch, receiver)
                LEFT JOIN tenure.replicas r ON r.id = t.receiver AND r.fenced_at IS NULL AND NOT r.draining
            ), released AS (
                UPDATE tenure.shards s
                SET owner = NULL, handed_to = t.receiver, released_by = \(owner),
                    released_name = (SELECT name FROM tenure.replicas WHERE id = \(owner)),
                    released_at = clock_timestamp()
                FROM wanted t
                WHERE s.id = t.id AND s.epoch = t.epoch AND s.owner = \(owner)
                    AND tenure.timeline_of(\(owner)) = (SELECT tenure.current_timeline())
                RETURNING s.id, s.epoch, s.strategies, s.handed_to
            ), told AS (
                INSERT INTO tenure.events (kind, replica_id, details)
                SELECT 'handed_over', \(owner), jsonb_build_object('to', handed_to, 'shards', count(*),
                    'strategies', sum(strategies))
                FROM released WHERE strategies > 0 GROUP BY handed_to
            )
            -- One notification for each receiver: the server drops those that are alike.
            SELECT id, epoch, pg_notify('tenure', concat_ws(' ', 'released', handed_to)) FROM released
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
                RETURNING s.id, s.epoch, s.handed_to
            )
            SELECT id, epoch, pg_notify('tenure', concat_ws(' ', 'released', handed_to)) FROM released
            """
        )
        return try decode(rows, owner)
    }

    /// All shards with strategies that somebody has or is about to, whoever it is; those without an owner under epoch 0.
    func loads() async throws -> [(shard: PlacementPolicy.LoadedShard, epoch: Int64)] {
        try await executor.query(
            """
            SELECT id, coalesce(owner, handed_to), strategies, CASE WHEN owner IS NULL THEN 0 ELSE epoch END
            FROM tenure.shards WHERE strategies > 0 AND coalesce(owner, handed_to) IS NOT NULL
            """
        ).map { row in
            let (id, holder, strategies, epoch) = try row.decode(Int.self, Int64.self, Int.self, Int64.self)
            return (PlacementPolicy.LoadedShard(id: id, holder: holder, strategies: strategies), epoch)
        }
    }

    /// Tells each receiver what is about to come to it, so that it gets ready. Nothing is owned or owed by that.
    func announce(_ shards: [ReplicaID: [Int]], by giver: ReplicaID) async throws {
        let payloads = shards.map { "expect \($0.key) \(giver) \($0.value.map(String.init).joined(separator: ","))" }
        try await executor.query("SELECT pg_notify('tenure', payload) FROM unnest(\(payloads)) AS payload")
    }

    /// Tells the giver that `id` is ready for what was announced.
    func awaitFrom(_ giver: ReplicaID, by id: ReplicaID) async throws {
        try await executor.query("SELECT pg_notify('tenure', 'awaits ' || \(giver) || ' ' || \(id))")
    }

    /// Changes nothing, so that the server has planned what a claim and a hand-over wait for when it matters.
    func rehearse(by id: ReplicaID) async {
        // Nothing depends on it: a session that fails is noticed by the next heartbeat.
        _ = try? await claim(0)
        _ = try? await release([FencingToken(shard: -1, owner: id, epoch: 0)], to: nil)
    }

    /// Says that all strategies of these shards have been brought up, and tells whoever handed them over.
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
                RETURNING o.previous_owner, o.reason
            ), told AS (
                INSERT INTO tenure.events (kind, replica_id, details)
                SELECT 'restored', \(owner), jsonb_build_object('shards', count(*), 'strategies', sum(strategies))
                FROM ready WHERE strategies > 0 HAVING count(*) > 0
            )
            SELECT pg_notify('tenure', concat_ws(' ', 'ready', previous_owner, count(*)))
            FROM recorded WHERE reason IN ('drain', 'rebalance') GROUP BY previous_owner
            """
        )
    }
}
