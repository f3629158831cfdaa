import Postgres
import Trading

extension DesiredStateRepository {
    private enum Attempt {
        case done(id: Int64, shard: Int)
        /// A shard was locked, but the market is taken.
        case taken
        /// No shard could be locked.
        case unplaced
    }

    /// Records a strategy that is to run, in the emptiest shard of the least loaded live replica, and tells its owner.
    ///
    /// Of many starts of the same (exchange, symbol), through whichever replicas, exactly one is `.started`.
    ///
    /// - Throws: `PostgresError`; ``DesiredStateError`` if ownership changed under every attempt.
    package func start(_ order: StartOrder) async throws -> StartOutcome {
        let queries = StrategyQueries(database: database, timeout: timeout)
        // The first attempt passes over shards that others are just using, so that simultaneous starts spread instead of
        // queueing; the further ones wait for them.
        for waits in [false, true, true] {
            switch try await attempt(order, waits: waits) {
            case .done(let id, let shard): return .started(id: id, shard: shard)
            case .unplaced: break
            case .taken:
                if let running = try await queries.active(exchange: order.exchange, symbol: order.symbol) {
                    return .taken(running)
                }
            // It was stopped in the meantime: the market is free again.
            }
        }
        throw DesiredStateError.noShard
    }

    /// How the statement works:
    ///
    /// - `candidates` are the shards of live replicas that are not draining; if there are none, all shards. Each gets the
    ///   load that its owner would have if all emptier shards of that owner were given a strategy first: so concurrent
    ///   starts, each taking the next shard that is not locked, spread over replicas by capacity.
    /// - `placed` locks the best one. If that row changed since the snapshot, PostgreSQL re-reads it: `h.*` is what is true
    ///   under the lock, and a shard whose owner changed is passed over.
    /// - `added` waits for a concurrent start of the same market and then does nothing, without an error.
    private func attempt(_ order: StartOrder, waits: Bool) async throws -> Attempt {
        let locking = waits ? "" : "SKIP LOCKED"
        let rows = try await database.query(
            """
            WITH live AS MATERIALIZED (
                SELECT r.id, r.capacity, coalesce(sum(h.strategies), 0) AS strategies, count(h.id) AS shards
                FROM tenure.replicas r
                LEFT JOIN tenure.shards h ON h.owner = r.id
                WHERE r.fenced_at IS NULL AND NOT r.draining AND r.lease_expires_at > clock_timestamp()
                GROUP BY r.id
            ), candidates AS MATERIALIZED (
                SELECT h.id, h.owner, h.strategies,
                    (coalesce(l.strategies, 0) + row_number() OVER (PARTITION BY h.owner ORDER BY h.strategies, h.id))
                        / coalesce(l.capacity, 1)::float8 AS load
                FROM tenure.shards h
                LEFT JOIN live l ON l.id = h.owner
                WHERE l.id IS NOT NULL OR NOT EXISTS (SELECT FROM live WHERE live.shards > 0)
            ), placed AS MATERIALIZED (
                SELECT h.id, h.epoch, h.owner
                FROM candidates c
                JOIN tenure.shards h ON h.id = c.id AND h.owner IS NOT DISTINCT FROM c.owner
                ORDER BY \(raw: "CASE WHEN EXISTS (SELECT FROM live WHERE live.shards > 0) THEN c.load END"),
                    c.strategies, c.id
                LIMIT 1
                FOR NO KEY UPDATE OF h \(raw: locking)
            ), added AS (
                INSERT INTO tenure.strategies
                    (symbol, exchange, strategy_type, interval, execution, config, shard, start_epoch)
                SELECT \(order.symbol.name), \(order.exchange), \(order.strategyType), \(order.interval.rawValue),
                    \(order.execution.rawValue), \(PostgresJSON(order.config.text)), p.id,
                    CASE
                        WHEN EXISTS (
                            SELECT FROM tenure.replicas r
                            WHERE r.id = p.owner AND r.fenced_at IS NULL AND r.lease_expires_at > clock_timestamp()
                        ) THEN p.epoch
                        ELSE p.epoch + 1  -- as it will be once somebody has claimed it
                    END
                FROM placed p
                ON CONFLICT (exchange, symbol) DO NOTHING
                RETURNING id, shard, symbol, exchange, strategy_type, interval, execution
            ), counted AS (
                UPDATE tenure.shards h
                SET strategies = h.strategies + 1, revision = h.revision + 1
                FROM added a
                WHERE h.id = a.shard
            ), logged AS (
                INSERT INTO tenure.events (kind, strategy_id, details)
                SELECT 'started', a.id, jsonb_build_object(
                    'symbol', a.symbol, 'exchange', a.exchange, 'strategy_type', a.strategy_type,
                    'interval', a.interval, 'execution', a.execution)
                FROM added a
            )
            SELECT a.id, a.shard,
                CASE WHEN a.id IS NOT NULL THEN pg_notify('tenure', 'start ' || a.id || ' ' || a.shard)::text END
            FROM placed p
            LEFT JOIN added a ON true
            """,
            timeout: timeout
        )
        guard let row = rows.first else { return .unplaced }
        let (id, shard) = try row.decode(Int64?.self, Int32?.self)
        guard let id, let shard else { return .taken }
        return .done(id: id, shard: Int(shard))
    }
}
