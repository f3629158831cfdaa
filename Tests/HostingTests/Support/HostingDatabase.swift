import Coordination
import LocalCluster
import Logging
import Migrations
import Postgres
import Store
import TestSupport
import Testing
import Trading

/// A database with the schema, a pool on it, and replicas and strategies that are made as rows.
struct HostingDatabase: Sendable {
    let pool: PostgresPool

    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func with(_ body: (HostingDatabase) async throws -> Void) async throws {
        try await withTestDatabase { url in try await with(url, body) }
    }

    /// On a server of its own, to be restarted and killed.
    static func withPrivateServer(_ body: (HostingDatabase, PostgresServer) async throws -> Void) async throws {
        try await TestSupport.withPrivateServer { server in
            let configuration = patient(server.connectionString())
            _ = try await Migrator().migrate(configuration, logger: silent)
            try await with(server.connectionString()) { try await body($0, server) }
        }
    }

    static func with(_ url: String, _ body: (HostingDatabase) async throws -> Void) async throws {
        let pool = PostgresPool(
            configuration: patient(url),
            size: 4,
            acquireTimeout: .seconds(240),
            logger: silent
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await pool.run() }
            try await body(HostingDatabase(pool: pool))
        }
    }

    // MARK: Rows

    func addReplica(_ id: ReplicaID) async throws {
        try await pool.query(
            """
            INSERT INTO tenure.replicas (id, name, instance, host, pid, version, capacity, timeline, lease_expires_at)
            VALUES (\(id), 'r', 'i', 'h', 1, '1', 1000, '00000001', clock_timestamp() + interval '1 hour')
            """
        )
    }

    /// A strategy that has been asked for.
    @discardableResult
    func addStrategy(
        _ symbol: Symbol,
        mode: String = Puppet.mode,
        exchange: String = "binance",
        interval: Interval = .fiveMinutes,
        execution: Execution = .paper,
        config: JSONValue = .object([:]),
        shard: Int = 0
    ) async throws -> Int64 {
        try await pool.query(
            """
            WITH added AS (
                INSERT INTO tenure.strategies (symbol, exchange, strategy_type, interval, execution, config, shard,
                    start_epoch)
                SELECT \(symbol.name), \(exchange), \(mode), \(interval.rawValue), \(execution.rawValue), \(PostgresJSON(config.text)),
                    id, CASE WHEN owner IS NULL THEN epoch + 1 ELSE epoch END
                FROM tenure.shards WHERE id = \(Int32(shard)) RETURNING id, shard
            ), counted AS (
                UPDATE tenure.shards s SET strategies = strategies + 1 FROM added a WHERE s.id = a.shard
            )
            SELECT id FROM added
            """
        )[0].decode(Int64.self)
    }

    /// Strategies that have begun, spread over the shards. `exposed`: of a hundred, one has a position and one an order.
    @discardableResult
    func addStrategies(_ count: Int, state: String = "{}", exposed: Bool = false) async throws -> [Int64] {
        try await pool.query(
            """
            WITH added AS (
                INSERT INTO tenure.strategies (symbol, exchange, strategy_type, interval, execution, config, phase, shard,
                    start_epoch)
                SELECT 'COIN' || n, 'binance', 'puppet', '5m', 'paper', '{}', 'running', n % 1024, 1
                FROM generate_series(0, \(Int32(count - 1))) n RETURNING id, shard, symbol, right(symbol, 2) AS kind
            ), counted AS (
                UPDATE tenure.shards s SET strategies = a.count
                FROM (SELECT shard, count(*) FROM added GROUP BY shard) a WHERE a.shard = s.id
            ), ordered AS (
                INSERT INTO tenure.orders (client_order_id, strategy_id, exchange, symbol, execution, side, effect,
                    quantity_e8, reason, status, decided_on_ms, shard, epoch)
                SELECT 'order-' || id, id, 'binance', symbol, 'paper', 'buy', 'entry', 1, 'test', 'intended', 0, shard, 1
                FROM added WHERE \(exposed) AND kind = '50'
            ), begun AS (
                INSERT INTO tenure.checkpoints (strategy_id, cursor_ms, candles, state, position_e8, cost_e8,
                    last_price_e8, pnl_e8, fees_e8, trades_count)
                SELECT id, \(Candles.start.milliseconds), 0, \(state), CASE WHEN \(exposed) AND kind = '00' THEN 1 ELSE 0 END,
                    0, 0, 0, 0, 0 FROM added
            )
            SELECT id FROM added ORDER BY shard, id
            """
        ).map { try $0.decode(Int64.self) }
    }

    /// Takes shards from whoever has them, as a replica does.
    func claim(_ shards: [Int], by owner: ReplicaID, reason: String = "crash") async throws -> [ShardClaim] {
        try await pool.query(
            """
            WITH before AS (
                SELECT id, owner FROM tenure.shards WHERE id = ANY(\(shards.map(Int32.init))) FOR UPDATE
            ), claimed AS (
                UPDATE tenure.shards s SET owner = \(owner), epoch = epoch + 1, acquired_at = clock_timestamp(),
                    ready_epoch = CASE WHEN strategies = 0 THEN epoch + 1 ELSE ready_epoch END
                FROM before b WHERE b.id = s.id RETURNING s.id, s.epoch, s.strategies, b.owner AS previous
            ), recorded AS (
                INSERT INTO tenure.ownership (shard, epoch, owner, owner_name, previous_owner, reason)
                SELECT id, epoch, \(owner), 'r', previous, \(reason) FROM claimed WHERE strategies > 0
            )
            SELECT id, epoch, strategies FROM claimed ORDER BY id
            """
        ).map { row in
            let (shard, epoch, strategies) = try row.decode(Int.self, Int64.self, Int.self)
            return ShardClaim(token: FencingToken(shard: shard, owner: owner, epoch: epoch), strategies: strategies)
        }
    }

    // MARK: What was written

    struct Outcome: Equatable {
        /// Id, side, quantity, status.
        var orders: [String]
        /// Trade id, price, quantity, fee.
        var fills: [String]
        var state: String?
        /// Cursor, candles, pnl, trades.
        var progress: String?
    }

    func outcome(_ strategy: Int64) async throws -> Outcome {
        let orders = try await texts(
            """
            SELECT concat_ws(' ', client_order_id, side, quantity_e8, status) FROM tenure.orders
            WHERE strategy_id = \(strategy) ORDER BY decided_on_ms, client_order_id
            """
        )
        let fills = try await texts(
            """
            SELECT concat_ws(' ', trade_id, side, price_e8, quantity_e8, fee_e8, time_ms) FROM tenure.fills
            WHERE strategy_id = \(strategy) ORDER BY time_ms, trade_id
            """
        )
        let checkpoint = try await pool.query(
            """
            SELECT state, concat_ws(' ', cursor_ms, candles, pnl_e8, trades_count) FROM tenure.checkpoints
            WHERE strategy_id = \(strategy)
            """
        ).first?.decode(String.self, String.self)
        return Outcome(orders: orders, fills: fills, state: checkpoint?.0, progress: checkpoint?.1)
    }

    /// Open time of the last candle processed.
    func cursor(_ strategy: Int64) async throws -> Timestamp? {
        try await number("SELECT cursor_ms FROM tenure.checkpoints WHERE strategy_id = \(strategy)").map {
            Timestamp(milliseconds: $0)
        }
    }

    /// How far it got, as `cursor_ms candles state`.
    typealias Saved = (cursor: Int64, candles: Int64, state: String)

    func checkpoint(_ strategy: Int64) async throws -> Saved {
        let row = try await pool.query(
            "SELECT cursor_ms, candles, state FROM tenure.checkpoints WHERE strategy_id = \(strategy)"
        )[0]
        let (cursor, candles, state) = try row.decode(Int64.self, Int64.self, String.self)
        return (cursor, candles, state)
    }

    /// Loses everything since a checkpoint, which was written under another timeline.
    func forget(_ strategy: Int64, backTo checkpoint: Saved) async throws {
        let state = checkpoint.state.replacing("\"timeline\":1", with: "\"timeline\":0")
        try await pool.query(
            """
            WITH fills AS (DELETE FROM tenure.fills), orders AS (DELETE FROM tenure.orders)
            UPDATE tenure.checkpoints SET cursor_ms = \(checkpoint.cursor), candles = \(checkpoint.candles),
                state = \(state), position_e8 = 0, cost_e8 = 0, pnl_e8 = 0, fees_e8 = 0, trades_count = 0, reports = 0
            WHERE strategy_id = \(strategy)
            """
        )
    }

    func status(_ strategy: Int64) async throws -> String? {
        try await texts("SELECT status FROM tenure.active_strategies WHERE id = \(strategy)").first
    }

    func isReady(_ shard: Int = 0) async throws -> Bool {
        try await number("SELECT count(*) FROM tenure.shards WHERE id = \(Int32(shard)) AND ready_epoch = epoch") == 1
    }

    func number(_ statement: PostgresStatement) async throws -> Int64? {
        guard let row = try await pool.query(statement).first else { return nil }
        let number = try row.decode(Int64.self)
        return number
    }

    func texts(_ statement: PostgresStatement) async throws -> [String] {
        try await pool.query(statement).map { try $0.decode(String.self) }
    }
}
