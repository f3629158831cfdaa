import Logging
import Postgres
import Store
import TestSupport
import Trading

/// A database with the schema, a pool on it, and replicas that exist as rows.
struct DesiredStateFixture: Sendable {
    let pool: PostgresPool
    let url: String

    /// As a replica has it: one for all its requests.
    let desired: DesiredStateRepository

    init(pool: PostgresPool, url: String) {
        self.pool = pool
        self.url = url
        desired = DesiredStateRepository(database: pool)
    }

    var queries: StrategyQueries { StrategyQueries(database: pool) }

    static func with(connections: Int = 4, _ body: (DesiredStateFixture) async throws -> Void) async throws {
        try await withTestDatabase { url in
            let pool = PostgresPool(
                configuration: patient(url),
                size: connections,
                acquireTimeout: .seconds(240),
                logger: Logger(label: "test")
            )
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                group.addTask { try await pool.run() }
                try await body(DesiredStateFixture(pool: pool, url: url))
            }
        }
    }

    enum Life: String {
        case live = "1 hour"
        case expired = "-1 second"
    }

    func addReplica(
        _ id: Int64,
        name: String = "r",
        capacity: Int32 = 100,
        life: Life = .live,
        draining: Bool = false,
        fenced: Bool = false,
        shards: Range<Int32>
    ) async throws {
        try await pool.query(
            """
            INSERT INTO tenure.replicas
                (id, name, instance, host, pid, version, capacity, timeline, lease_expires_at, draining, fenced_at,
                    fenced_reason)
            VALUES (\(id), \(name), 'i', 'h', 1, '1', \(capacity), '00000001',
                clock_timestamp() + '\(raw: life.rawValue)', \(draining),
                CASE WHEN \(fenced) THEN clock_timestamp() END, CASE WHEN \(fenced) THEN 'session lost' END)
            """
        )
        try await pool.query(
            """
            UPDATE tenure.shards SET owner = \(id), epoch = 1, ready_epoch = 1
            WHERE id >= \(shards.lowerBound) AND id < \(shards.upperBound)
            """
        )
    }

    func order(_ symbol: Symbol, exchange: String = "binance") -> StartOrder {
        StartOrder(
            symbol: symbol,
            exchange: exchange,
            strategyType: "scalp",
            interval: .oneMinute,
            execution: .paper,
            config: .object(["quantity": .string("0.1")])
        )
    }

    /// Strategies per owner (0 for no owner), as the rows say.
    func strategiesByOwner() async throws -> [Int64: Int64] {
        let rows = try await pool.query(
            """
            SELECT coalesce(h.owner, 0), count(*) FROM tenure.strategies s JOIN tenure.shards h ON h.id = s.shard
            GROUP BY 1
            """
        )
        return Dictionary(uniqueKeysWithValues: try rows.map { try $0.decode(Int64.self, Int64.self) })
    }

    /// Shards whose count is not that of their rows.
    func wrongCounts() async throws -> Int64 {
        try await number(
            """
            SELECT count(*) FROM tenure.shards h
            WHERE h.strategies <> (SELECT count(*) FROM tenure.strategies s WHERE s.shard = h.id)
            """
        )
    }

    func number(_ statement: PostgresStatement) async throws -> Int64 {
        try await pool.query(statement)[0].decode(Int64.self)
    }

    func start(_ symbol: Symbol) async throws -> (id: Int64, shard: Int) {
        guard case .started(let strategy) = try await desired.start(order(symbol)) else {
            throw NotStarted(symbol: symbol)
        }
        return (strategy.id, strategy.shard)
    }
}

struct NotStarted: Error {
    let symbol: Symbol
}
