import Postgres
import Trading

extension DesiredStateRepository {
    private enum Attempt {
        case done(id: Int64, shard: Int)
        /// A shard was locked, but the market is taken.
        case taken
        /// No shard could be locked.
        case unplaced
        /// The request of this key has been done.
        case repeated
    }

    /// Attempts before the first that waits for locks.
    private static let quickAttempts = 6

    /// Records a strategy that is to run, in the emptiest shard of the least loaded live replica, and tells its owner.
    ///
    /// Of many starts of the same (exchange, symbol), through whichever replicas, exactly one is `.started`.
    ///
    /// - Parameter key: Of the request, if it has one: it was entered into the ``IdempotencyRepository``.
    /// - Throws: `PostgresError`; ``DesiredStateError`` if ownership changed under every attempt.
    package func start(_ order: StartOrder, key: IdempotencyKey? = nil) async throws -> StartOutcome {
        let queries = StrategyQueries(database: database, timeout: timeout)
        // The first attempts pass over shards that others are just using, so that simultaneous starts spread instead of
        // queueing, and none goes by counts of a moment ago to somebody who has no more room. Somebody else may always be
        // quicker, so the last two wait for whoever is, and take what they get.
        for number in 0..<Self.quickAttempts + 2 {
            if number > 0, number < Self.quickAttempts {
                // Starts that are under way have been committed by then; nobody says so.
                try await Task.sleep(for: .milliseconds(1 << number))
            }
            switch try await attempt(order, key, waits: number >= Self.quickAttempts) {
            case .done(let id, let shard): return .started(id: id, shard: shard)
            case .unplaced: break
            case .repeated: return .repeated
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
    /// - `fresh` says whether the request was not done yet; who sends it at the same moment waits here, for the key.
    /// - `loads` gives each shard the load that its owner would have if all emptier shards of that owner were given a
    ///   strategy first: so concurrent starts, each taking the next shard that is not locked, spread over replicas by
    ///   capacity.
    /// - `candidates` are the best shards: of live replicas that have room and are not draining (`choice` 0) before all
    ///   others. A strategy that nobody has room for must not be run by a replica that is full: it gets an empty shard of
    ///   one (1), which is taken from it and so an orphan, until somebody has room. Otherwise it goes to a shard of nobody
    ///   that is ready (2), or in the end to any (3).
    /// - `placed` locks the best one; of another `choice` only if there are none of a better one. If the row changed since
    ///   the snapshot, PostgreSQL re-reads it: `h.*` is what is true under the lock, and a shard whose owner changed is
    ///   passed over.
    /// - `added` waits for a concurrent start of the same market and then does nothing, without an error.
    private func attempt(_ order: StartOrder, _ key: IdempotencyKey?, waits: Bool) async throws -> Attempt {
        let locking = waits ? "" : "SKIP LOCKED"
        // Just given a strategy by somebody else: no longer the emptiest. Whoever waits for it takes it all the same: passed over,
        // it would stay locked, and two that wait could wait for each other.
        let unchanged = waits ? "" : "AND h.strategies = c.strategies"
        let startedAt = order.startedAt.map { PostgresTimestamp(milliseconds: $0.milliseconds) }
        let rows = try await database.query(
            """
            WITH \(freshFor: key), loads AS (
                SELECT id, owner, strategies,
                    sum(strategies) OVER (PARTITION BY owner)
                        + row_number() OVER (PARTITION BY owner ORDER BY strategies, id) AS load
                FROM tenure.shards
            ), candidates AS MATERIALIZED (
                SELECT l.id, l.owner, l.strategies, l.load / r.capacity::float8 AS load,
                    CASE
                        WHEN l.load <= r.capacity THEN 0
                        WHEN r.id IS NULL THEN 2
                        WHEN l.strategies = 0 THEN 1
                        ELSE 3
                    END AS choice
                FROM loads l
                LEFT JOIN tenure.replicas r ON r.id = l.owner
                    AND r.fenced_at IS NULL AND NOT r.draining AND r.lease_expires_at > clock_timestamp()
                ORDER BY choice, l.load / r.capacity::float8, l.strategies, l.id
                LIMIT 64
            ), placed AS MATERIALIZED (
                SELECT h.id, h.epoch, h.owner, c.choice
                FROM candidates c
                JOIN tenure.shards h ON h.id = c.id AND h.owner IS NOT DISTINCT FROM c.owner \(raw: unchanged)
                JOIN fresh f ON f.is_fresh
                WHERE c.choice = (SELECT min(choice) FROM candidates)
                ORDER BY c.load, c.strategies, c.id
                LIMIT 1
                FOR NO KEY UPDATE OF h \(raw: locking)
            ), added AS (
                INSERT INTO tenure.strategies
                    (symbol, exchange, strategy_type, interval, execution, config, limits, started_at, paused, shard,
                        start_epoch)
                SELECT \(order.symbol.name), \(order.exchange), \(order.strategyType), \(order.interval.rawValue),
                    \(order.execution.rawValue), \(PostgresJSON(order.config.text)),
                    \(PostgresJSON(try order.limits.jsonText)), coalesce(\(startedAt), clock_timestamp()), \(order.isPaused), p.id,
                    CASE
                        WHEN p.choice <> 1 AND EXISTS (
                            SELECT FROM tenure.replicas r
                            WHERE r.id = p.owner AND r.fenced_at IS NULL AND r.lease_expires_at > clock_timestamp()
                        ) THEN p.epoch
                        ELSE p.epoch + 1  -- as it will be once somebody has claimed it
                    END
                FROM placed p
                ON CONFLICT (exchange, symbol) DO NOTHING
                RETURNING id, shard, symbol, exchange, strategy_type, interval, execution
            ), \(done: "added", for: key), counted AS (
                UPDATE tenure.shards h
                SET strategies = h.strategies + 1, revision = h.revision + 1,
                    owner = CASE WHEN p.choice <> 1 THEN h.owner END,
                    acquired_at = CASE WHEN p.choice <> 1 THEN h.acquired_at END
                FROM added a, placed p
                WHERE h.id = a.shard
            ), logged AS (
                INSERT INTO tenure.events (kind, strategy_id, details)
                SELECT 'started', a.id, jsonb_strip_nulls(jsonb_build_object(
                    'symbol', a.symbol, 'exchange', a.exchange, 'strategy_type', a.strategy_type,
                    'interval', a.interval, 'execution', a.execution, 'by', \(order.by)::text))
                FROM added a
            )
            SELECT f.is_fresh, p.id, a.id, a.shard,
                CASE WHEN a.id IS NOT NULL THEN pg_notify('tenure', 'start ' || a.id || ' ' || a.shard)::text END
            FROM fresh f
            LEFT JOIN placed p ON true
            LEFT JOIN added a ON true
            """,
            timeout: timeout
        )
        guard let row = rows.first else { preconditionFailure("`fresh` has one row") }
        let (isFresh, place, id, shard) = try row.decode(Bool.self, Int32?.self, Int64?.self, Int32?.self)
        guard isFresh else { return .repeated }
        guard place != nil else { return .unplaced }
        guard let id, let shard else { return .taken }
        return .done(id: id, shard: Int(shard))
    }
}
