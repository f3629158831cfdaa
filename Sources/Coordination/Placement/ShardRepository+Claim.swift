import Postgres

extension ShardRepository {
    /// Takes orphaned shards for `id`, up to its fair share, in one statement.
    ///
    /// Orphans are shared out as water finds its level: whoever carries least, for its capacity, is filled first. The
    /// orphans stand in one line, the members' shares of it one after the other beside them, and each member takes the
    /// shards whose middle lies in its own share. So survivors share the work without talking to each other, and everybody
    /// who sees the same picture comes to the same result; the loads differ by one shard at most, and nothing has to be
    /// moved a second time. Shards with strategies and empty ones are shared out separately.
    ///
    /// No member takes strategies beyond its capacity: what nobody has room for does not count, and stays an orphan. A shard that does not fit
    /// everywhere is open to all that it fits. What was released to this replica by name it takes in any case.
    ///
    /// With `handedOnly` only what was released to it by name: a much smaller statement, for hand-overs, which are in a hurry.
    ///
    /// A shard counts as taken only if its epoch is still the one that was seen (re-checked under its lock), so two claims
    /// can never both take it.
    ///
    /// - Returns: What was taken, and how many more were chosen but locked by somebody at that moment.
    func claim(_ id: ReplicaID, handedOnly: Bool = false) async throws -> (claims: [ShardClaim], missed: Int) {
        let row = try await executor.query(
            """
            WITH live AS (
                SELECT id, capacity, draining FROM tenure.replicas WHERE fenced_at IS NULL
            ), ready AS (
                SELECT id, capacity::float8 AS capacity FROM live WHERE NOT draining
            ), me AS (
                SELECT id FROM ready WHERE id = \(id) AND tenure.timeline_of(id) = (SELECT tenure.current_timeline())
            ), chosen AS (
                \(raw: handedOnly ? Self.handed : Self.fair)
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
                RETURNING s.id, s.epoch, s.strategies, l.previous,
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

    /// What was released to this replica, and has no owner.
    private static let handed = """
        SELECT s.id, s.epoch, s.owner FROM tenure.shards s JOIN me ON me.id = s.handed_to WHERE s.owner IS NULL
        """

    /// All of its fair share.
    private static let fair = """
        WITH shard AS (
            SELECT s.id, s.owner, s.epoch, s.strategies > 0 AS loaded, greatest(s.strategies, 1) AS weight,
                live.id IS NULL AS orphan,
                -- Who has it, or is about to. A receiver that is gone or leaving keeps nothing back for itself.
                coalesce(live.id, receiver.id) AS holder
            FROM tenure.shards s
            LEFT JOIN live ON live.id = s.owner
            LEFT JOIN ready receiver ON receiver.id = s.handed_to
        ), carried AS (
            SELECT holder, loaded, sum(weight)::float8 AS weight FROM shard GROUP BY holder, loaded
        ), line AS (
            SELECT id, owner, epoch, loaded, weight,
                sum(weight) OVER (PARTITION BY loaded ORDER BY weight DESC, id) - weight / 2.0 AS middle
            FROM shard WHERE orphan AND holder IS NULL AND (NOT loaded OR weight <= (
                SELECT max(r.capacity - coalesce(c.weight, 0))
                FROM ready r LEFT JOIN carried c ON c.holder = r.id AND c.loaded))
        ), member AS (
            SELECT r.id, r.capacity, k.loaded, k.weight AS orphaned, coalesce(h.weight, 0) AS held
            FROM ready r
            CROSS JOIN (SELECT loaded, sum(weight)::float8 AS weight FROM line GROUP BY loaded) k
            LEFT JOIN carried h ON h.holder = r.id AND h.loaded = k.loaded
        ), filled AS (
            -- The level if only this member and the lower ones were filled: the lowest of these is the real one.
            SELECT loaded, (orphaned + sum(held) OVER low) / sum(capacity) OVER low AS level
            FROM member WINDOW low AS (PARTITION BY loaded ORDER BY held / capacity, id)
        ), room AS (
            SELECT m.id, m.loaded, m.capacity - m.held AS free, greatest(m.capacity * l.level - m.held, 0) AS room
            FROM member m
            JOIN (
                SELECT loaded, CASE WHEN loaded THEN least(min(level), 1) ELSE min(level) END AS level
                FROM filled GROUP BY loaded
            ) l ON l.loaded = m.loaded
        ), part AS (
            SELECT id, loaded, free,
                coalesce(sum(room) OVER (PARTITION BY loaded ORDER BY id
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS low,
                sum(room) OVER (PARTITION BY loaded ORDER BY id
                    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS high,
                min(free) OVER (PARTITION BY loaded) AS narrowest
            FROM room
        ), fair AS (
            SELECT l.id, l.epoch, l.owner, l.loaded, p.free,
                sum(l.weight) OVER (PARTITION BY l.loaded
                    ORDER BY l.middle >= p.low AND l.middle < p.high DESC, l.weight DESC, l.id) AS taken
            FROM line l JOIN me ON true JOIN part p ON p.id = me.id AND p.loaded = l.loaded
            WHERE (l.middle >= p.low AND l.middle < p.high OR l.loaded AND l.weight > p.narrowest)
                AND (NOT l.loaded OR l.weight <= p.free)
        )
        SELECT s.id, s.epoch, s.owner FROM shard s JOIN me ON s.orphan AND s.holder = me.id
        UNION ALL
        SELECT id, epoch, owner FROM fair WHERE NOT loaded OR taken <= free
        """
}
