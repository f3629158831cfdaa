import Postgres
import Trading

extension DesiredStateRepository {
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
        let start = PendingStart(order: order, key: key)
        // The first attempts pass over shards that others are just using, so that simultaneous starts spread instead of
        // queueing, and none goes by counts of a moment ago to somebody who has no more room. Somebody else may always be
        // quicker, so the last two wait for whoever is, and take what they get.
        for number in 0..<Self.quickAttempts + 2 {
            if number > 0, number < Self.quickAttempts {
                // Starts that are under way have been committed by then; nobody says so.
                try await Task.sleep(for: .milliseconds(1 << number))
            }
            let queue = number < Self.quickAttempts ? placements : patientPlacements
            switch try await queue.place(start) {
            case .done(let strategy): return .started(strategy)
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
    /// - `fresh` are those that were not done yet; who sends one with the same key at the same moment waits here, for the key.
    /// - `loads` gives each shard the load that its owner would have if all emptier shards of that owner were given a
    ///   strategy first: so simultaneous starts, each taking the next shard, spread over replicas by capacity.
    /// - `candidates` are the best shards: of live replicas that have room and are not draining (`choice` 0) before all
    ///   others. A strategy that nobody has room for must not be run by a replica that is full: it gets an empty shard of
    ///   one (1), which is taken from it and so an orphan, until somebody has room. Otherwise it goes to a shard of nobody
    ///   that is ready (2), or in the end to any (3).
    /// - `placed` locks the best ones, one for each start; of another `choice` only if there are none of a better one. If the
    ///   row changed since the snapshot, PostgreSQL re-reads it: `h.*` is what is true under the lock, and a shard whose
    ///   owner changed is passed over. `seated` gives them out.
    /// - `added` waits for a concurrent start of the same market and then does nothing, without an error. Markets are taken in
    ///   one order, so that two statements never wait for each other.
    static func place(
        _ starts: [PendingStart],
        _ database: any PostgresExecutor,
        _ timeout: Duration?,
        waits: Bool = false
    ) async throws -> [Placement] {
        let locking = waits ? "" : "SKIP LOCKED"
        // Just given a strategy by somebody else: no longer the emptiest. Whoever waits for it takes it all the same: passed over,
        // it would stay locked, and two that wait could wait for each other.
        let unchanged = waits ? "" : "AND h.strategies = c.strategies"
        let columns = try StartColumns(starts)
        let rows = try await database.query(
            """
            WITH wanted AS MATERIALIZED (
                SELECT * FROM unnest(\(columns.symbols), \(columns.exchanges), \(columns.modes), \(columns.intervals),
                    \(columns.executions), \(columns.configs), \(columns.limits), \(columns.moments), \(columns.pauses),
                    \(columns.names), \(columns.senders), \(columns.keys)) WITH ORDINALITY
                AS t (symbol, exchange, strategy_type, interval, execution, config, limits, started_at, paused,
                    name, sender, key, number)
            ), mine AS MATERIALIZED (
                SELECT w.number FROM wanted w
                JOIN tenure.idempotency_keys k ON k.sender = w.sender AND k.key = w.key
                WHERE k.strategy_id IS NULL
                -- In one order, as the markets.
                ORDER BY k.sender, k.key FOR UPDATE OF k
            ), fresh AS MATERIALIZED (
                SELECT w.*, row_number() OVER (ORDER BY w.exchange, w.symbol, w.number) AS seat FROM wanted w
                WHERE w.key IS NULL OR w.number IN (SELECT number FROM mine)
            ), loads AS (
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
                LIMIT 160
            ), placed AS MATERIALIZED (
                SELECT h.id, h.epoch, h.owner, c.choice, c.load, c.strategies
                FROM candidates c
                JOIN tenure.shards h ON h.id = c.id AND h.owner IS NOT DISTINCT FROM c.owner \(raw: unchanged)
                WHERE c.choice = (SELECT min(choice) FROM candidates)
                ORDER BY c.load, c.strategies, c.id
                LIMIT (SELECT count(*) FROM fresh)
                FOR NO KEY UPDATE OF h \(raw: locking)
            ), seated AS MATERIALIZED (
                SELECT f.*, p.id AS shard, p.epoch, p.owner, p.choice FROM fresh f JOIN (
                    SELECT *, row_number() OVER (ORDER BY load, strategies, id) AS seat FROM placed
                ) p USING (seat)
            ), added AS (
                INSERT INTO tenure.strategies
                    (symbol, exchange, strategy_type, interval, execution, config, limits, started_at, paused, shard,
                        start_epoch)
                SELECT s.symbol, s.exchange, s.strategy_type, s.interval, s.execution, s.config, s.limits,
                    coalesce(s.started_at, clock_timestamp()), s.paused, s.shard,
                    CASE
                        WHEN s.choice <> 1 AND EXISTS (
                            SELECT FROM tenure.replicas r
                            WHERE r.id = s.owner AND r.fenced_at IS NULL AND r.lease_expires_at > clock_timestamp()
                        ) THEN s.epoch
                        ELSE s.epoch + 1  -- as it will be once somebody has claimed it
                    END
                FROM seated s
                ORDER BY s.seat
                ON CONFLICT (exchange, symbol) DO NOTHING
                RETURNING id, shard, config, limits, started_at, version
            ), keyed AS (
                UPDATE tenure.idempotency_keys k SET strategy_id = a.id
                FROM added a JOIN seated s USING (shard)
                WHERE k.sender = s.sender AND k.key = s.key
            ), counted AS (
                UPDATE tenure.shards h
                SET strategies = h.strategies + 1, revision = h.revision + 1,
                    owner = CASE WHEN s.choice <> 1 THEN h.owner END,
                    acquired_at = CASE WHEN s.choice <> 1 THEN h.acquired_at END
                FROM added a JOIN seated s USING (shard)
                WHERE h.id = a.shard
            ), logged AS (
                INSERT INTO tenure.events (kind, strategy_id, details)
                SELECT 'started', a.id, jsonb_strip_nulls(jsonb_build_object(
                    'symbol', s.symbol, 'exchange', s.exchange, 'strategy_type', s.strategy_type,
                    'interval', s.interval, 'execution', s.execution, 'by', s.name))
                FROM added a JOIN seated s USING (shard)
                ORDER BY a.id
            )
            SELECT f.number IS NOT NULL, s.shard, a.id, s.epoch, a.config, a.limits, a.started_at, a.version,
                greatest(a.started_at, r.heartbeat_at) AS last_active, r.id, r.name,
                CASE
                    WHEN r.id IS NULL THEN 'orphaned'
                    WHEN r.lease_expires_at < clock_timestamp() THEN 'suspended'
                    ELSE 'starting'
                END AS status,
                CASE WHEN a.id IS NOT NULL THEN pg_notify('tenure', 'start ' || a.id || ' ' || a.shard)::text END
            FROM wanted w
            LEFT JOIN fresh f USING (number)
            LEFT JOIN seated s USING (number)
            LEFT JOIN added a ON a.shard = s.shard
            LEFT JOIN tenure.replicas r ON r.id = s.owner AND s.choice <> 1 AND r.fenced_at IS NULL
            ORDER BY w.number
            """,
            timeout: timeout
        )
        precondition(rows.count == starts.count, "each start has one row")
        return try zip(starts, rows).map { start, row in
            let (isFresh, shard) = try row.decode(Bool.self, Int32?.self)
            guard isFresh else { return .repeated }
            guard shard != nil else { return .unplaced }
            return try ActiveStrategy(just: start.order, row).map { .done($0) } ?? .taken
        }
    }
}

extension ActiveStrategy {
    /// One that was recorded a moment ago; nil if it was not.
    fileprivate init?(just order: StartOrder, _ row: PostgresRow) throws {
        let (_, shard, id, epoch, config, limits, startedAt, version, lastActive, owner, name, status) = try row.decode(
            Bool.self,
            Int32.self,
            Int64?.self,
            Int64.self,
            PostgresJSON?.self,
            PostgresJSON?.self,
            PostgresTimestamp?.self,
            Int64?.self,
            PostgresTimestamp?.self,
            Int64?.self,
            String?.self,
            StrategyStatus.self
        )
        guard let id, let config, let limits, let startedAt, let version, let lastActive else { return nil }
        self.init(
            id: id,
            symbol: order.symbol.name,
            exchange: order.exchange,
            strategyType: order.strategyType,
            interval: order.interval.rawValue,
            execution: order.execution.rawValue,
            config: config.text,
            status: status,
            startedAt: startedAt.timestamp,
            lastActive: lastActive.timestamp,
            owner: owner.map { Owner(id: $0, name: name ?? "") },
            shard: Int(shard),
            epoch: epoch,
            restores: 0,
            position: .zero,
            exposure: .zero,
            pnl: .zero,
            unrealizedPnL: .zero,
            fees: .zero,
            tradesCount: 0,
            candles: 0,
            lastCandle: nil,
            lastError: nil,
            limits: limits.text,
            limitReached: nil,
            pnlToday: .zero,
            version: version,
            appliedVersion: 0,
            closing: 0,
            closed: 0
        )
    }
}
