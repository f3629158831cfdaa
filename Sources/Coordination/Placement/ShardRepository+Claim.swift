import Postgres

extension ShardRepository {
    /// Takes orphaned shards for `id`: its fair share of them, as ``PlacementPolicy/claim(for:of:)`` has it, and what was
    /// released to it by name in any case. Empty ones only where there are no others for it: nobody waits for them.
    ///
    /// All survivors work their shares out from what they see in the database, without talking to each other. Whoever sees
    /// the same comes to the same result, and so does whoever sees that others have taken theirs already.
    ///
    /// With `handedOnly` only what was released to it by name: for hand-overs, which are in a hurry.
    ///
    /// - Returns: What was taken, and how many more were chosen, but locked by somebody at that moment or taken before.
    func claim(_ id: ReplicaID, handedOnly: Bool = false) async throws -> (claims: [ShardClaim], missed: Int) {
        try await take(handedOnly ? [] : PlacementPolicy.claim(for: id, of: try await orphans()), for: id)
    }

    /// What nobody has, and who could take it.
    func orphans() async throws -> Orphans {
        let rows = try await executor.query(
            """
            WITH live AS (
                SELECT id, capacity, draining FROM tenure.replicas WHERE fenced_at IS NULL
            ), shard AS (
                -- Who has it, or is about to. A receiver that is gone or leaving keeps nothing back for itself.
                SELECT s.id, s.epoch, s.strategies, coalesce(live.id, receiver.id) AS holder,
                    live.id IS NULL AND receiver.id IS NULL AS orphan
                FROM tenure.shards s
                LEFT JOIN live ON live.id = s.owner
                LEFT JOIN live receiver ON receiver.id = s.handed_to AND NOT receiver.draining
            )
            SELECT r.id, r.capacity, coalesce(sum(s.strategies), 0)::bigint, count(s.id) FILTER (WHERE s.strategies = 0),
                coalesce(array_agg(s.id) FILTER (WHERE s.orphan), '{}'),
                coalesce(array_agg(s.epoch) FILTER (WHERE s.orphan), '{}'),
                coalesce(array_agg(s.strategies) FILTER (WHERE s.orphan), '{}')
            FROM shard s FULL JOIN (SELECT id, capacity FROM live WHERE NOT draining) r ON r.id = s.holder
            GROUP BY r.id, r.capacity
            """
        )
        var orphans = Orphans()
        for row in rows {
            let (id, capacity, strategies, empty, shards, epochs, sizes) = try row.decode(
                ReplicaID?.self,
                Int?.self,
                Int.self,
                Int.self,
                [Int32].self,
                [Int64].self,
                [Int32].self
            )
            if let id, let capacity {
                let taker = Orphans.Taker(id: id, capacity: capacity, strategies: strategies, emptyShards: empty)
                orphans.takers.append(taker)
            }
            orphans.shards += shards.indices.map {
                Orphans.Shard(id: Int(shards[$0]), epoch: epochs[$0], strategies: Int(sizes[$0]))
            }
        }
        return orphans
    }

    /// Takes these, if they are orphans still, and what was released to `id` by name, in one statement.
    ///
    /// A shard counts as taken only if its epoch is still the one that was seen (re-checked under its lock), so two claims
    /// can never both take it.
    func take(_ orphans: [Orphans.Shard], for id: ReplicaID) async throws -> (claims: [ShardClaim], missed: Int) {
        let row = try await executor.query(
            """
            WITH me AS (
                SELECT id FROM tenure.replicas WHERE id = \(id) AND fenced_at IS NULL AND NOT draining
                    AND tenure.timeline_of(id) = (SELECT tenure.current_timeline())
            ), chosen AS (
                SELECT s.id, s.epoch, s.owner FROM me JOIN tenure.shards s ON s.handed_to = me.id AND s.owner IS NULL
                UNION
                SELECT s.id, s.epoch, s.owner
                FROM me CROSS JOIN unnest(\(orphans.map { Int32($0.id) }), \(orphans.map(\.epoch))) AS t (id, epoch)
                JOIN tenure.shards s ON s.id = t.id AND s.epoch = t.epoch
                WHERE s.owner IS NULL
                    OR NOT EXISTS (SELECT FROM tenure.replicas r WHERE r.id = s.owner AND r.fenced_at IS NULL)
            ), locked AS (
                SELECT s.id, chosen.owner AS previous, s.handed_to, s.acquired_at,
                    s.released_at >= coalesce(s.acquired_at, '-infinity') AS released
                FROM tenure.shards s JOIN chosen ON chosen.id = s.id AND chosen.epoch = s.epoch
                FOR UPDATE OF s SKIP LOCKED
            ), claimed AS (
                UPDATE tenure.shards s
                SET owner = \(id), epoch = s.epoch + 1, handed_to = NULL, acquired_at = clock_timestamp(),
                    ready_epoch = CASE WHEN s.strategies = 0 THEN s.epoch + 1 ELSE s.ready_epoch END
                FROM locked l WHERE s.id = l.id
                RETURNING s.id, s.epoch, s.strategies, s.revision, l.previous,
                    CASE WHEN l.released THEN s.released_by END AS released_by,
                    CASE WHEN l.released THEN s.released_name END AS released_name,
                    CASE WHEN l.released THEN s.released_at END AS released_at,
                    CASE
                        WHEN l.previous IS NOT NULL THEN 'crash'
                        WHEN l.released AND l.handed_to IS NOT NULL AND EXISTS (
                            SELECT FROM tenure.replicas r WHERE r.id = s.released_by AND NOT r.draining)
                        THEN 'rebalance'
                        WHEN l.released THEN 'drain'
                        WHEN l.acquired_at IS NOT NULL THEN 'handover'  -- by an older version, which did not say more
                        ELSE 'vacant'
                    END AS reason
            ), recorded AS (
                INSERT INTO tenure.ownership (shard, epoch, owner, owner_name, previous_owner, previous_name, reason,
                    fenced_reason, strategies, released_at)
                SELECT c.id, c.epoch, r.id, r.name, coalesce(c.previous, c.released_by),
                    coalesce(p.name, c.released_name), c.reason, p.fenced_reason, c.strategies, c.released_at
                FROM claimed c
                JOIN tenure.replicas r ON r.id = \(id)
                LEFT JOIN tenure.replicas p ON p.id = c.previous
                WHERE c.strategies > 0
                RETURNING owner, owner_name, previous_owner, reason, strategies
            ), told AS (
                -- One for all that came the same way: what happened to each strategy is in the table of ownership.
                INSERT INTO tenure.events (kind, replica_id, details)
                SELECT 'claimed', r.owner, jsonb_build_object('name', r.owner_name, 'reason', r.reason,
                    'from', r.previous_owner, 'shards', count(*), 'strategies', sum(r.strategies))
                FROM recorded r
                GROUP BY r.owner, r.owner_name, r.previous_owner, r.reason
            )
            SELECT (SELECT count(*) FROM chosen), coalesce(array_agg(id), '{}'), coalesce(array_agg(epoch), '{}'),
                coalesce(array_agg(strategies), '{}'), coalesce(array_agg(revision), '{}')
            FROM claimed
            """
        ).only
        let (chosen, shards, epochs, strategies, revisions) = try row.decode(
            Int.self,
            [Int32].self,
            [Int64].self,
            [Int32].self,
            [Int64].self
        )
        let claims = shards.indices.map { index in
            ShardClaim(
                token: FencingToken(shard: Int(shards[index]), owner: id, epoch: epochs[index]),
                strategies: Int(strategies[index]),
                revision: revisions[index]
            )
        }
        // Where others have seen more or less than this one, shares overlap: what they were quicker to take, too.
        let taken = Set(claims.map(\.token.shard))
        return (claims, max(chosen - claims.count, orphans.count { !taken.contains($0.id) }))
    }
}
