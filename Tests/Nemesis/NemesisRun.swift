import AsyncHTTPClient
import Exchanges
import FoundationEssentials
import LocalCluster
import Logging
import NIOCore
import Postgres
import TestSupport

/// One run: a cluster is built, disturbed, healed and judged.
struct NemesisRun: Sendable {
    let settings: NemesisSettings
    /// Where everything is kept that is needed to find out what happened.
    let directory: String
    let log: ActionLog

    init(_ settings: NemesisSettings, directory: String) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        self.settings = settings
        self.directory = directory
        log = try ActionLog(path: "\(directory)/nemesis.log")
    }

    /// Returns once everything is judged and stopped; the violations are in the log.
    func run() async throws {
        log.note(
            "seed \(settings.seed), \(settings.duration), \(settings.replicas) replicas, \(settings.strategies) strategies"
        )
        let arena = try await Arena.make(settings, directory: directory, log: log)
        do {
            try await arena.start()
            try await withDatabase(arena) { try await Trail.install($0) }
            try await disturbAndJudge(arena)
        } catch {
            log.violation("the run was cut short: \(error)")
        }
        await arena.stop()
    }

    private func disturbAndJudge(_ arena: Arena) async throws {
        let clients = try await disturb(arena)
        log.note("healed: everything must run again")
        let quiet = QuietJudge(arena)
        if await quiet.waitUntilQuiet(within: .seconds(240)) {
            await quiet.judgeRunners()
            for mode in ["fast", "immediate"] { try await quiet.judgeRestart(mode) }
        }
        log.note("everything is drained")
        let performer = FaultPerformer(arena)
        await withTaskGroup { group in
            for replica in arena.cluster.replicas where replica.pid != nil {
                group.addTask { await performer.terminate(replica) }
            }
        }
        try await withDatabase(arena) { try await judge(arena, clients, $0) }
    }

    /// Returns the clients with what they know.
    private func disturb(_ arena: Arena) async throws -> [Client] {
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(2)
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let performer = FaultPerformer(arena)
            let (settings, schedule) = (settings, settings.schedule)
            let clients = await each(clients(arena, http)) { await $0.startAll() }
            log.note("\(schedule.faults.count) faults are planned")
            let end = ContinuousClock.now + settings.duration
            async let disturbing: Void = performer.perform(schedule)
            async let poisoning: Void = poison(arena)
            let wiser = await each(clients) { await $0.run(until: end) }
            try await disturbing
            try await poisoning
            try await arena.heal()
            try await http.shutdown()
            return wiser
        } catch {
            // What went wrong before matters more.
            try? await http.shutdown()
            throw error
        }
    }

    private func poison(_ arena: Arena) async throws {
        guard settings.hasPoison else { return }
        let poison = Poison(arena: arena, symbol: settings.poisonSymbol)
        try await poison.start()
        try await poison.run()
        try await poison.judge()
    }

    private func clients(_ arena: Arena, _ http: HTTPClient) -> [Client] {
        let symbols = (1...settings.strategies).map(NemesisSettings.symbol)
        return (0..<min(4, symbols.count)).map { index in
            Client(
                symbols: symbols.indices.filter { $0 % 4 == index }.map { symbols[$0] },
                seed: settings.seed,
                stream: UInt64(10 + index),
                arena: arena,
                http: http
            )
        }
    }

    /// All clients at once.
    private func each(_ clients: [Client], _ body: @escaping @Sendable (inout Client) async -> Void) async -> [Client] {
        await withTaskGroup(of: Client.self) { group in
            for client in clients {
                group.addTask {
                    var client = client
                    await body(&client)
                    return client
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// As a superuser, and not through a proxy.
    private func withDatabase(_ arena: Arena, _ body: (PostgresConnection) async throws -> Void) async throws {
        let database = try await PostgresConnection.connect(
            PostgresConfiguration(
                connectionString: arena.cluster.postgres.connectionString(user: "postgres"),
                applicationName: "nemesis"
            ),
            logger: Self.noLogger
        )
        try await body(database)
        await database.close()
    }

    private static var noLogger: Logger { Logger(label: "nemesis") { _ in SwiftLogNoOpLogHandler() } }

    private func judge(_ arena: Arena, _ clients: [Client], _ database: PostgresConnection) async throws {
        try await OwnershipJudge(database: database, log: log).judge()
        try await judgeWishes(database, clients)
        let paused = clients.flatMap(\.ledgers).filter(\.value.everPaused).map(\.key)
        var binance = BinanceConfiguration(restURL: arena.cluster.simulatorURL)
        binance.weightPerMinute = 1_000_000
        // The candle that was forming when the last strategy ended has to close: what began with it was booked.
        try await Task.sleep(for: .seconds(2))
        let exchange = BinanceExchange(configuration: binance, logger: Self.noLogger)
        let runs = try await StoredRun.all(database)
        try await CandleJudge(exchange: exchange, log: log, paused: Set(paused)).judge(runs)
        try await judgeOrders(arena, runs)
    }

    /// What the exchange has received, and what it gave for it, against what the journal says.
    private func judgeOrders(_ arena: Arena, _ runs: [StoredRun]) async throws {
        let book = try await ExchangeBook.read(arena.cluster.simulatorURL)
        let judge = OrderLogJudge(book: book, runs: runs.filter(\.isLive))
        for wrong in judge.violations() { log.violation(wrong) }
        log.note("exchange: \(judge.summary)")
    }

    /// I6: what the clients were told, against what there is.
    private func judgeWishes(_ database: PostgresConnection, _ clients: [Client]) async throws {
        var active: [String: Int64] = [:]
        for row in try await database.query("SELECT symbol, id FROM tenure.strategies") {
            let (symbol, id) = try row.decode(String.self, Int64.self)
            active[symbol] = id
        }
        var history: [String: Set<Int64>] = [:]
        for row in try await database.query("SELECT symbol, strategy_id FROM tenure.strategy_history") {
            let (symbol, id) = try row.decode(String.self, Int64.self)
            history[symbol, default: []].insert(id)
        }
        var (starts, stops, doubts) = (0, 0, 0)
        for (symbol, ledger) in clients.flatMap(\.ledgers) {
            starts += ledger.started.count
            stops += ledger.stopped.count
            doubts += ledger.startInDoubt || ledger.stopInDoubt ? 1 : 0
            for wrong in ledger.judge(active: active[symbol], history: history[symbol] ?? []) {
                log.violation("\(symbol): \(wrong)")
            }
        }
        log.note(
            "wishes: \(starts) starts and \(stops) stops were confirmed; \(doubts) markets had a request of unknown fate"
        )
    }
}
