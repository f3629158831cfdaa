import CoreMetrics
import HTTPAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Observability
import Postgres
import Store
import TestSupport
import Trading

/// The API on a real database, with someone who plays the owner of all strategies.
struct APIFixture: Sendable {
    let pool: PostgresPool
    let url: String
    let client: any TestClientProtocol
    let owner: Owner
    let readiness: SettableReadiness
    let log: LogLines

    /// - Parameters:
    ///   - owned: Whether there is a live replica that acts on what is wanted.
    ///   - writeLimit: After which a reader of events that takes nothing is dropped.
    ///   - access: Who is let in; everybody, if nothing else is said.
    ///   - change: To change the configuration. Nothing is given up in it because the machine is slow.
    static func with(
        owned: Bool = true,
        writeLimit: Duration = .seconds(600),
        setup: TestingSetup = .router,
        access: AccessControl = AccessControl(nil),
        _ change: (inout APIConfiguration) -> Void = { _ in },
        _ body: @Sendable (APIFixture) async throws -> Void
    ) async throws {
        var configuration = APIConfiguration(
            port: 0,
            exchangeWait: .seconds(600),
            startWait: .seconds(600),
            stopWait: .seconds(600)
        )
        change(&configuration)
        let changed = configuration
        try await Turns.shared.withTurn {
            try await withTestDatabase { url in
                try await serve(
                    url,
                    owned: owned,
                    writeLimit: writeLimit,
                    setup: setup,
                    access: access,
                    changed,
                    body
                )
            }
        }
    }

    /// The API without any database, for requests that are refused before it is asked.
    static func offline(
        access: AccessControl = AccessControl(nil),
        _ body: @Sendable (APIFixture) async throws -> Void
    ) async throws {
        let url = "postgresql://nobody@127.0.0.1:1/nothing"
        try await serve(
            url,
            owned: false,
            acquireTimeout: .milliseconds(1),
            setup: .router,
            access: access,
            APIConfiguration(port: 0),
            body
        )
    }

    /// - Parameters:
    ///   - acquireTimeout: How long a request waits for a connection.
    ///   - statementTimeout: How long it then waits for the answer.
    static func serve(
        _ url: String,
        owned: Bool,
        acquireTimeout: Duration = .seconds(120),
        statementTimeout: Duration = .seconds(120),
        writeLimit: Duration = .seconds(600),
        setup: TestingSetup,
        access: AccessControl = AccessControl(nil),
        _ configuration: APIConfiguration,
        _ body: @Sendable (APIFixture) async throws -> Void
    ) async throws {
        let log = LogLines()
        let logger = log.logger
        let database = patient(url)
        let pool = PostgresPool(
            configuration: database,
            size: 4,
            acquireTimeout: acquireTimeout,
            logger: logger
        )
        let listener = PostgresListener(configuration: database, channels: ["tenure"], logger: logger)
        let changes = ChangeSignal()
        let queries = StrategyQueries(database: pool, timeout: statementTimeout)
        let feed = EventFeed(queries: queries, writeLimit: writeLimit, logger: logger)
        let readiness = SettableReadiness()
        let registry = PrometheusRegistry()
        let application = APIApplication.make(
            configuration: configuration,
            dependencies: APIDependencies(
                desired: DesiredStateRepository(database: pool, timeout: statementTimeout),
                halts: HaltRepository(database: pool, timeout: statementTimeout),
                limits: LimitRepository(database: pool, timeout: statementTimeout),
                queries: queries,
                repetitions: IdempotencyRepository(database: pool, timeout: statementTimeout),
                validator: TestValidator(),
                candles: TestCandles(),
                replays: TestReplays(),
                access: access,
                readiness: readiness,
                changes: changes,
                events: feed,
                metrics: { registry.render() },
                metricsFactory: registry
            ),
            logger: logger
        )
        let owner = Owner(pool: pool)
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            let forAPI = listener.subscribe()
            let forOwner = listener.subscribe()
            group.addTask { try await pool.run() }
            group.addTask { try await listener.run() }
            group.addTask {
                for await event in forAPI {
                    switch event {
                    case .notification(_, let payload, _):
                        changes.publish(payload)
                        feed.announce()
                    case .connected: feed.reconnected()
                    case .lost: break
                    }
                }
            }
            group.addTask { await feed.run() }
            if owned {
                try await owner.join()
                group.addTask { try await owner.run(forOwner) }
            }
            try await application.test(setup) { client in
                try await body(
                    APIFixture(pool: pool, url: url, client: client, owner: owner, readiness: readiness, log: log)
                )
            }
        }
    }

    // MARK: Requests

    func get(_ path: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await client.execute(uri: path, method: .get, headers: headers)
    }

    func post(_ path: String, _ body: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        var headers = headers
        if headers[.contentType] == nil { headers[.contentType] = "application/json" }
        return try await client.execute(uri: path, method: .post, headers: headers, body: ByteBuffer(string: body))
    }

    func patch(_ path: String, _ body: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        var headers = headers
        headers[.contentType] = "application/json"
        return try await client.execute(uri: path, method: .patch, headers: headers, body: ByteBuffer(string: body))
    }

    func put(_ path: String, _ body: String) async throws -> TestResponse {
        try await client.execute(
            uri: path,
            method: .put,
            headers: [.contentType: "application/json"],
            body: ByteBuffer(string: body)
        )
    }

    func start(
        _ symbol: String = "BTCUSDT",
        _ more: String = #""mode": "scalp", "interval": "1m""#
    ) async throws -> TestResponse {
        try await post("/api/live-strategy/start", #"{"symbol": "\#(symbol)", \#(more)}"#)
    }

    func stop(_ symbol: String = "BTCUSDT", _ more: String = "") async throws -> TestResponse {
        try await post("/api/live-strategy/stop", #"{"symbol": "\#(symbol)"\#(more)}"#)
    }

    /// Starts a strategy and returns its id.
    func started(_ symbol: String = "BTCUSDT") async throws -> Int {
        try await start(symbol).json()["id"].int
    }
}
