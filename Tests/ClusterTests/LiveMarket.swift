import AsyncHTTPClient
import LocalCluster
import NIOCore
import NIOHTTP1
import TestSupport
import Testing
import Trading

/// A cluster that trades recordings live, step by step, and the exchange's log, which judges it.
struct LiveMarket: Sendable {
    let cluster: TestCluster
    /// All of them against ``quote``, with a strategy each.
    let symbols: [String]
    let interval: Interval

    var symbol: String { symbols[0] }

    /// Settings with which it trades often.
    static let lively = """
        {"catch_up":"act","fast_period":3,"slow_period":8,"rsi_period":5,"rsi_floor":"20","rsi_ceiling":"95",\
        "max_holding_candles":7,"quote_amount":"0.01"}
        """

    private static let quote = "BTC"

    /// What the account of the simulator begins with.
    private static let balances: [String: FixedDecimal] = [
        "USDT": "1000000", "BTC": "100", "ETH": "1000", "BNB": "1000",
    ]

    static func with<R>(
        _ symbols: String...,
        watching others: [String] = [],
        interval: Interval = .fiveMinutes,
        window: String = "60s",
        lease: String = "1500ms",
        replicas: Int = 3,
        database address: String? = nil,
        postgresPort: Int? = nil,
        postgresSettings: [String: String] = [:],
        environment: [String: String] = [:],
        prepare: (LocalCluster) async throws -> Void = { _ in },
        _ body: (LiveMarket) async throws -> R
    ) async throws -> R {
        let files = try (symbols + others).map { try #require(recordedCandles("\($0)-\(interval.rawValue)")) }
        return try await withCluster(
            replicas: replicas,
            simulator: ["--replay"] + files + [
                "--steps", "--ticking", "--history", "200", "--weight-limit", "1000000",
            ],
            environment: [
                "TENURE_LEASE_TTL": lease, "TENURE_HEARTBEAT_INTERVAL": "250ms",
                "TENURE_BINANCE_RECEIVE_WINDOW": window,
                // Market time goes much faster than the minute of the exchange's budget.
                "TENURE_BINANCE_WEIGHT_PER_MINUTE": "1000000",
            ].merging(address.map { ["TENURE_DATABASE_URL": $0] } ?? [:]) { $1 }.merging(environment) { $1 },
            postgresPort: postgresPort,
            postgresSettings: postgresSettings,
            prepare: prepare
        ) { cluster in
            var cluster = cluster
            cluster.address = address
            for symbol in symbols {
                let answer = try await cluster.post(
                    "/api/live-strategy/start",
                    """
                    {"symbol":"\(symbol)","mode":"scalp","interval":"\(interval.rawValue)","execution":"live",\
                    "config":\(lively)}
                    """
                )
                try #require(answer.status == 201, "start answered \(answer.status): \(answer.body.text)")
                #expect(answer["execution"]?.string == "live")
            }
            return try await body(LiveMarket(cluster: cluster, symbols: symbols, interval: interval))
        }
    }

    /// The same after another server has taken the database's place.
    func on(_ database: PostgresServer) -> LiveMarket {
        LiveMarket(cluster: cluster.on(database), symbols: symbols, interval: interval)
    }

    // MARK: The exchange

    struct Received: Sendable {
        let id: String
        let verdict: String
        let side: String
        let executed: String
    }

    /// Every order request that ever came.
    func received() async throws -> [Received] {
        let answer = try await cluster.send(HTTPClientRequest(url: "\(cluster.cluster.simulatorURL)/sim/orders"))
        guard case .array(let orders)? = answer["orders"] else { throw UnexpectedAnswer(answer: answer) }
        return orders.map { order in
            Received(
                id: order["client_order_id"]?.string ?? "",
                verdict: order["verdict"]?.string ?? "",
                side: order["side"]?.string?.lowercased() ?? "",
                executed: order["order"]?["executed"]?.string ?? "0"
            )
        }
    }

    func control(_ path: String, _ body: String) async throws {
        var request = HTTPClientRequest(url: "\(cluster.cluster.simulatorURL)/sim/\(path)")
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(.init(string: body))
        let answer = try await cluster.send(request)
        try #require(answer.status == 200, "\(path) answered \(answer.status): \(answer.body.text)")
    }

    func balance(_ asset: String) async throws -> FixedDecimal {
        let answer = try await cluster.send(HTTPClientRequest(url: "\(cluster.cluster.simulatorURL)/sim/accounts"))
        guard case .array(let accounts)? = answer["accounts"] else { throw UnexpectedAnswer(answer: answer) }
        return FixedDecimal(accounts.first?["balances"]?[asset]?["free"]?.string ?? "0") ?? .zero
    }

    /// Lets the market move on until the exchange has accepted so many more orders, and all is settled.
    func trade(orders count: Int) async throws {
        let before = try await accepted().count
        for _ in 0..<300 {
            try await cluster.advance(1)
            try await settle()
            if try await accepted().count >= before + count { return }
        }
        Issue.record("fewer than \(count) orders within 300 candles")
    }

    /// Lets the market move on, candle by candle, while `body` goes on.
    func moving(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    try await self.cluster.advance(1)
                    // Its pace. To be cancelled ends it, too.
                    try await Task.sleep(for: .milliseconds(200))
                }
            }
            try await body()
            group.cancelAll()
            do { try await group.waitForAll() } catch is CancellationError {
                // As it was to be.
            }
        }
    }

    func accepted() async throws -> [Received] {
        try await received().filter { $0.verdict == "accepted" }
    }

    /// When the last candle that has closed began.
    func lastCandle() async throws -> Int64 {
        let market = try await cluster.marketTime()
        return interval.openTime(containing: market).milliseconds - interval.milliseconds
    }

    // MARK: Waiting

    /// Waits until each strategy has processed the last candle that has closed, and nothing of it is under way.
    func settle() async throws {
        let last = try await lastCandle()
        try await eventually(within: .seconds(90), "the last candle, and nothing under way") {
            try await isSettled(last)
        }
    }

    /// Whether each strategy has processed that candle, and nothing of it is under way.
    func isSettled(_ candle: Int64) async throws -> Bool {
        try await cluster.sql(
            """
            SELECT count(*) = \(symbols.count) AND bool_and(c.cursor_ms >= \(candle) AND s.phase = 'running')
                AND NOT EXISTS (
                    SELECT FROM tenure.orders WHERE status IN ('intended', 'acknowledged', 'partially_filled'))
            FROM tenure.checkpoints c JOIN tenure.strategies s ON s.id = c.strategy_id
            WHERE s.execution = 'live'
            """
        ) == "t"
    }

    // MARK: Judging

    /// Id, side, quantity, status.
    func journal() async throws -> [String] {
        try await cluster.sql(
            """
            SELECT concat_ws(' ', client_order_id, side, trim_scale(quantity_e8 * 0.00000001), status)
            FROM tenure.orders ORDER BY decided_on_ms, created_at, client_order_id
            """
        ).split(separator: "\n").map(String.init)
    }

    /// Nil: the journal does not know it.
    func status(of order: String) async throws -> String? {
        let status = try await cluster.sql("SELECT status FROM tenure.orders WHERE client_order_id = '\(order)'")
        return status.isEmpty ? nil : status
    }

    /// By symbol, how many candles have passed since a fixed time that are not counted: the same as long as none is missed
    /// and none is processed twice.
    func uncounted() async throws -> [String] {
        try await cluster.sql(
            """
            SELECT concat_ws(' ', s.symbol, c.cursor_ms / \(interval.milliseconds) - c.candles)
            FROM tenure.checkpoints c JOIN tenure.strategies s ON s.id = c.strategy_id
            WHERE s.execution = 'live' ORDER BY s.symbol
            """
        ).split(separator: "\n").map(String.init)
    }

    /// The exchange has each order once or not at all, the journal says the same, and position and profit are the account's.
    func judge() async throws {
        let accepted = try await accepted()
        let ids = accepted.map(\.id)
        #expect(ids.count == Set(ids).count, "sent twice: \(ids)")
        let filled = try await cluster.sql(
            """
            SELECT concat_ws(' ', client_order_id, side, trim_scale(filled_quantity_e8 * 0.00000001)) FROM tenure.orders
            WHERE status = 'filled'
            """
        ).split(separator: "\n").map(String.init)
        #expect(Set(filled) == Set(accepted.map { "\($0.id) \($0.side) \($0.executed)" }))
        let order = symbols.joined(separator: ",")
        func booked(_ column: String) async throws -> [FixedDecimal] {
            try await cluster.sql(
                """
                SELECT \(column) FROM tenure.checkpoints c JOIN tenure.strategies s ON s.id = c.strategy_id
                WHERE s.execution = 'live' ORDER BY array_position(string_to_array('\(order)', ','), s.symbol)
                """
            ).split(separator: "\n").compactMap { Int64($0) }.map(FixedDecimal.init(int64:))
        }
        // Anything else the account has none of to begin with.
        func gained(_ asset: String) async throws -> FixedDecimal {
            try await balance(asset) - (Self.balances[asset] ?? .zero)
        }
        var held: [FixedDecimal] = []
        for symbol in symbols { held.append(try await gained(String(symbol.dropLast(Self.quote.count)))) }
        #expect(try await booked("position_e8") == held)
        #expect(try await booked("pnl_e8 - cost_e8").reduce(.zero, +) == gained(Self.quote))
    }
}
