import LocalCluster
import Logging
import Migrations
import Postgres
import Store
import TestSupport
import Trading

/// Strategies that run as rows: on replica 1, at epoch 1 of their shards, with a first checkpoint.
struct JournalFixture: Sendable {
    let base: DesiredStateFixture
    /// Ids and shards.
    let strategies: [(id: Int64, shard: Int)]

    var pool: PostgresPool { base.pool }
    var journal: JournalRepository { JournalRepository(base.pool) }

    static let start = Timestamp(milliseconds: 1_744_431_600_000)

    /// On a database of the shared server.
    static func with(strategies count: Int = 1, _ body: (JournalFixture) async throws -> Void) async throws {
        try await DesiredStateFixture.with { base in
            try await body(try await add(count, base))
        }
    }

    /// On a server of its own, through one connection: for what depends on who else is there.
    static func withPrivateServer(strategies count: Int, _ body: (JournalFixture) async throws -> Void) async throws {
        try await TestSupport.withPrivateServer(isDurable: false) { server in
            let configuration = patient(server.connectionString())
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            _ = try await Migrator().migrate(configuration, logger: logger)
            let pool = PostgresPool(
                configuration: configuration,
                size: 1,
                acquireTimeout: .seconds(240),
                logger: logger
            )
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { try await pool.run() }
                let base = DesiredStateFixture(pool: pool, url: server.connectionString())
                try await body(try await add(count, base))
            }
        }
    }

    static func add(_ count: Int, _ base: DesiredStateFixture) async throws -> JournalFixture {
        try await base.addReplica(1, capacity: 100_000, shards: 0..<1024)
        try await base.addReplica(2, capacity: 100_000, shards: 0..<0)
        let rows = try await base.pool.query(
            """
            WITH added AS (
                INSERT INTO tenure.strategies (symbol, exchange, strategy_type, interval, execution, config, shard,
                    start_epoch)
                SELECT 'COIN' || n, 'binance', 'scalp', '5m', 'paper', '{}', n, 1
                FROM generate_series(0, \(Int32(count - 1))) n RETURNING id, shard
            ), counted AS (
                UPDATE tenure.shards s SET strategies = 1 FROM added a WHERE a.shard = s.id
            ), begun AS (
                INSERT INTO tenure.checkpoints (strategy_id, cursor_ms, candles, state, position_e8, cost_e8,
                    last_price_e8, pnl_e8, fees_e8, trades_count)
                SELECT id, \(start.milliseconds), 0, '{"candle":0}', 0, 0, 0, 0, 0, 0 FROM added
            )
            SELECT id, shard FROM added ORDER BY id
            """
        )
        let strategies = try rows.map { row in
            let (id, shard) = try row.decode(Int64.self, Int.self)
            return (id: id, shard: shard)
        }
        return JournalFixture(base: base, strategies: strategies)
    }

    /// The step of a strategy at its n-th candle: nothing is held unless something was bought.
    func step(
        _ index: Int = 0,
        candle: Int,
        owner: Int64 = 1,
        epoch: Int64 = 1,
        shard: Int? = nil,
        position: Position = Position(),
        orders: [JournalledOrder] = [],
        settlements: [OrderSettlement] = [],
        fills: [Fill] = []
    ) -> Step {
        Step(
            strategyID: strategies[index].id,
            shard: shard ?? strategies[index].shard,
            owner: owner,
            epoch: epoch,
            checkpoint: Checkpoint(
                cursor: Self.start + Int64(candle) * 300_000,
                candles: candle,
                state: #"{"candle":\#(candle)}"#,
                position: position,
                lastPrice: "84000.5"
            ),
            orders: orders,
            settlements: settlements,
            fills: fills
        )
    }

    /// Decides to buy at one candle and books the fill at the next.
    func buying(_ index: Int = 0, owner: Int64 = 1, epoch: Int64 = 1) -> [Step] {
        let decided = order(index, candle: 1)
        var position = Position()
        let fill = fill(of: decided)
        position.book(fill)
        return [
            step(index, candle: 1, owner: owner, epoch: epoch, orders: [decided]),
            step(
                index,
                candle: 2,
                owner: owner,
                epoch: epoch,
                position: position,
                settlements: [OrderSettlement(orderID: decided.id, status: .filled, filled: fill.quantity)],
                fills: [fill]
            ),
        ]
    }

    func order(_ index: Int = 0, candle: Int, quantity: FixedDecimal = "0.5") -> JournalledOrder {
        let time = Self.start + Int64(candle) * 300_000
        return JournalledOrder(
            id: ClientOrderID.derive(strategyID: strategies[index].id, cause: .candle(time), index: 0),
            intent: OrderIntent(side: .buy, effect: .entry, quantity: quantity, reason: "test"),
            decidedOn: time
        )
    }

    func fill(of order: JournalledOrder) -> Fill {
        Fill(
            orderID: order.id,
            tradeID: "paper-\(order.id)",
            side: order.intent.side,
            price: "84000",
            quantity: order.intent.quantity,
            fee: "42",
            time: order.decidedOn + 300_000
        )
    }

    /// Another replica takes the shard of a strategy.
    func claim(_ index: Int = 0) async throws {
        try await pool.query("UPDATE tenure.shards SET owner = 2, epoch = 2 WHERE id = \(strategies[index].shard)")
    }

    /// Everything that steps write, except when it was written.
    func contents() async throws -> [String] {
        let rows = try await pool.query(
            """
            SELECT 'checkpoint ' || (to_jsonb(c) - 'updated_at')::text AS line FROM tenure.checkpoints c
            UNION ALL SELECT 'order ' || to_jsonb(o)::text FROM tenure.orders o
            UNION ALL SELECT 'fill ' || to_jsonb(f)::text FROM tenure.fills f
            ORDER BY line
            """
        )
        return try rows.map { try $0.decode(String.self) }
    }

    func text(_ statement: PostgresStatement) async throws -> String? {
        guard let row = try await pool.query(statement).first else { return nil }
        let (text) = try row.decode(String?.self)
        return text
    }
}

extension JournalRepository {
    func committed(_ steps: [Step]) async throws -> Set<Int64> { try await commit(steps).committed }
}
