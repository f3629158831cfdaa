import Coordination
import Exchanges
import Observability
import Postgres
import Store
import Strategies
import TestSupport
import Testing
import Trading

@testable import Hosting

/// The hosting side of some replicas in this process, on a real database and the simulator. Who owns what is decided by the
/// test.
struct HostFixture: Sendable {
    let database: HostingDatabase
    private let stepped: SteppedMarket?
    let replicas: [Replica]

    struct Replica: Sendable {
        let id: ReplicaID
        let host: StrategyHost
        let journal: StepJournal
        let log: LogLines
        let metrics: PrometheusRegistry
        let executor: CountingExecutor
        let trust: TrustSwitch
        let venue: LiveVenue?
    }

    /// The market whose time the test moves.
    var market: SteppedMarket {
        guard let stepped else { preconditionFailure("this test has an exchange of its own") }
        return stepped
    }

    /// - Parameters:
    ///   - cues: What the puppet on BTCUSDT is told, by candle; the first ``history`` candles have closed already.
    ///   - symbols: The market is the same for all of them.
    ///   - trades: Whether there is an account to trade on.
    ///   - window: How long the exchange accepts an order. Long, because machines may be slow; short where its end is waited for.
    static func with(
        cues: [Int: Puppet.Cue] = [:],
        symbols: [Symbol] = ["BTCUSDT"],
        replicas: Int = 1,
        trials: TrialPolicy = .never,
        trades: Bool = false,
        window: Duration = .seconds(60),
        _ body: (HostFixture) async throws -> Void
    ) async throws {
        let candles = (0..<100).map { index in
            Candle(
                openTime: time(index),
                open: FixedDecimal(100 + index),
                high: FixedDecimal(102 + index),
                low: FixedDecimal(99 + index),
                close: FixedDecimal(101 + index),
                // The first one, which nobody acts on, tells the market how small a lot is.
                volume: index == 0 ? "0.00001" : (cues[index] ?? .nothing).volume
            )
        }
        let markets = Dictionary(uniqueKeysWithValues: symbols.map { ($0, candles) })
        try await SteppedMarket.with(markets, history: history, trades: trades) { market in
            try await with(market.exchange, market, replicas: replicas, trials: trials, window: window, body)
        }
    }

    static func with(
        _ market: SteppedMarket,
        replicas count: Int,
        _ body: (HostFixture) async throws -> Void
    ) async throws {
        try await with(market.exchange, market, replicas: count, body)
    }

    static func with(
        _ exchange: any Exchange,
        _ market: SteppedMarket? = nil,
        replicas count: Int = 1,
        trials: TrialPolicy = .never,
        window: Duration = .seconds(60),
        _ body: (HostFixture) async throws -> Void
    ) async throws {
        try await HostingDatabase.with { database in
            var replicas: [Replica] = []
            for id in 1...Int64(count) {
                try await database.addReplica(id)
                replicas.append(replica(id, on: database, exchange, trials, window))
            }
            let fixture = HostFixture(database: database, stepped: market, replicas: replicas)
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                for replica in replicas {
                    group.addTask { try await replica.host.run() }
                    group.addTask { try await replica.journal.run() }
                    group.addTask { try await replica.venue?.run() }
                }
                try await body(fixture)
            }
        }
    }

    private static func replica(
        _ id: ReplicaID,
        on database: HostingDatabase,
        _ exchange: any Exchange,
        _ trials: TrialPolicy,
        _ window: Duration
    ) -> Replica {
        let log = LogLines()
        let metrics = PrometheusRegistry()
        let executor = CountingExecutor(database.pool)
        let trust = TrustSwitch()
        var venues: [String: LiveVenue] = [:]
        if let trading = (exchange as? BinanceExchange)?.trading {
            venues[exchange.name] = LiveVenue(
                trading: trading,
                receiveWindow: window,
                settlingMargin: .milliseconds(300),
                isTrusted: { trust.isOn },
                logger: log.logger
            )
        }
        let repository = JournalRepository(executor)
        let journal = StepJournal(repository: repository, logger: log.logger)
        let services = HostingServices(
            registry: RunFixture.registry,
            exchanges: [exchange],
            venues: venues,
            repository: repository,
            journal: journal,
            paper: .standard,
            trials: trials,
            metrics: metrics,
            logger: log.logger
        )
        let host = StrategyHost(services: services, shards: ShardRepository(executor))
        return Replica(
            id: id,
            host: host,
            journal: journal,
            log: log,
            metrics: metrics,
            executor: executor,
            trust: trust,
            venue: venues[exchange.name]
        )
    }

    /// How many candles have closed before the test begins.
    static let history = 5

    static func time(_ candle: Int) -> Timestamp { Candles.start + Int64(candle) * 300_000 }

    /// A replica takes shards, in the database and in its host.
    @discardableResult
    func take(_ shards: [Int] = [0], by index: Int = 0, reason: String = "crash") async throws -> [FencingToken] {
        let claims = try await database.claim(shards, by: replicas[index].id, reason: reason)
        replicas[index].host.bringUp(claims)
        return claims.map(\.token)
    }

    /// Adds a strategy and has it run on the first replica, which owns its shard then.
    func run(
        _ symbol: Symbol = "BTCUSDT",
        mode: String = Puppet.mode,
        execution: Execution = .paper,
        config: JSONValue = .object([:]),
        shard: Int = 0
    ) async throws -> Int64 {
        let strategy = try await database.addStrategy(
            symbol,
            mode: mode,
            execution: execution,
            config: config,
            shard: shard
        )
        try await take([shard], reason: "vacant")
        try await runs(strategy)
        return strategy
    }

    // MARK: Waiting

    func runs(_ strategy: Int64) async throws {
        try await eventually("strategy \(strategy) runs") {
            try await database.status(strategy) == "running"
        }
    }

    /// Until this candle has been processed.
    func reaches(_ candle: Int, _ strategy: Int64) async throws {
        try await eventually("candle \(candle) is processed") {
            try await database.cursor(strategy) == Self.time(candle)
        }
    }

    func logs(_ line: String, on index: Int = 0) async throws {
        try await eventually("the log says: \(line)") { replicas[index].log.count(line) > 0 }
    }

    /// Until a replica's metrics say so.
    func shows(_ line: String, on index: Int = 0) async throws {
        try await eventually("the metrics say: \(line)") {
            replicas[index].metrics.render().split(separator: "\n").contains { $0 == line }
        }
    }

    func ends(_ strategy: Int64) async throws {
        try await eventually("strategy \(strategy) is in the history") {
            try await database.number(
                "SELECT count(*) FROM tenure.strategy_history WHERE strategy_id = \(strategy)"
            ) == 1
        }
    }

    // MARK: What is wanted

    private var desired: DesiredStateRepository { DesiredStateRepository(database: database.pool) }

    /// Asks for it and wakes the owner, as the notification does (`shard`: `nil` as if it had been missed).
    func stop(_ symbol: Symbol = "BTCUSDT", positions: StopPositions = .keep, shard: Int? = 0, by index: Int = 0)
        async throws
    {
        _ = try await desired.requestStop(
            symbol: symbol,
            exchange: "binance",
            reason: "user_stopped",
            positions: positions
        )
        replicas[index].host.refresh(shard: shard)
    }

    /// When this returns the owner knows of it, but may not have looked yet.
    func change(_ strategy: Int64, to config: [String: JSONValue], shard: Int? = 0, by index: Int = 0) async throws {
        let version = try #require(
            try await database.number("SELECT version FROM tenure.strategies WHERE id = \(strategy)")
        )
        let order = ChangeOrder(
            id: strategy,
            version: version,
            config: .object(config),
            limits: .none,
            differences: .object([:])
        )
        #expect(try await desired.change(order) == .changed(version: version + 1))
        replicas[index].host.refresh(shard: shard)
    }

    /// Likewise.
    func close(_ symbol: Symbol = "BTCUSDT", pauses: Bool = false, shard: Int? = 0, by index: Int = 0) async throws
        -> CloseOutcome
    {
        let outcome = try await desired.requestClose(
            symbol: symbol,
            exchange: "binance",
            reason: "the news",
            pauses: pauses
        )
        replicas[index].host.refresh(shard: shard)
        return outcome
    }

    /// When this returns the owner knows of it, but may not have looked yet.
    func setPaused(_ isPaused: Bool, symbol: Symbol = "BTCUSDT", shard: Int? = 0, by index: Int = 0) async throws {
        _ = try await desired.setPaused(symbol: symbol, exchange: "binance", isPaused)
        replicas[index].host.refresh(shard: shard)
    }
}
