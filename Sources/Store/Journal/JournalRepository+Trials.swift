import Postgres

// Strategies that may have killed their hosts.

extension JournalRepository {
    /// Marks strategies that are about to be brought up together, before they are.
    ///
    /// - Returns: Those that may be: the others are not owned under their token, or not there any more.
    package func beginTrial(_ strategies: [GuardedStrategy]) async throws -> Set<Int64> {
        try await mark(strategies, width: Int32(strategies.count))
    }

    /// They have run for a while, and their host lives.
    package func endTrial(_ strategies: [GuardedStrategy]) async throws {
        _ = try await mark(strategies, width: nil)
    }

    private func mark(_ strategies: [GuardedStrategy], width: Int32?) async throws -> Set<Int64> {
        let rows = try await database.query(
            """
            WITH input AS (
                SELECT * FROM unnest(\(strategies.map(\.id)), \(strategies.map { Int32($0.shard) }),
                    \(strategies.map(\.owner)), \(strategies.map(\.epoch))) AS t (id, shard, owner, epoch)
            ), guarded AS (
                SELECT s.id, s.epoch
                FROM tenure.shards s JOIN (SELECT DISTINCT shard, owner, epoch FROM input) i
                    ON s.id = i.shard AND s.owner = i.owner AND s.epoch = i.epoch
                WHERE tenure.timeline_of(i.owner) = (SELECT tenure.current_timeline())
                ORDER BY s.id FOR SHARE OF s
            )
            UPDATE tenure.strategies s
            SET trial_epoch = CASE WHEN \(width) IS NOT NULL THEN g.epoch END, trial_width = \(width)
            FROM input i JOIN guarded g ON g.id = i.shard AND g.epoch = i.epoch
            WHERE s.id = i.id AND s.shard = i.shard
            RETURNING s.id
            """
        )
        return Set(try rows.map { try $0.decode(Int64.self) })
    }

    /// Says that a strategy kills its hosts: it is not run until an operator resumes it.
    package func quarantine(_ strategy: GuardedStrategy, reason: String) async throws {
        try await database.query(
            """
            WITH guarded AS (
                SELECT id FROM tenure.shards
                WHERE id = \(Int32(strategy.shard)) AND owner = \(strategy.owner) AND epoch = \(strategy.epoch)
                    AND tenure.timeline_of(\(strategy.owner)) = (SELECT tenure.current_timeline())
                FOR SHARE
            ), quarantined AS (
                UPDATE tenure.strategies
                SET phase = 'quarantined', last_error = \(reason), trial_epoch = NULL, trial_width = NULL
                WHERE id = \(strategy.id) AND shard IN (SELECT id FROM guarded) AND phase <> 'quarantined'
                RETURNING id, symbol
            ), told AS (
                INSERT INTO tenure.events (kind, strategy_id, replica_id, details)
                SELECT 'quarantined', id, \(strategy.owner), jsonb_build_object('symbol', symbol, 'reason', \(reason))
                FROM quarantined
            )
            SELECT pg_notify('tenure', 'quarantined ' || id) FROM quarantined
            """
        )
    }
}
