import AsyncHTTPClient
import LocalCluster
import NIOCore
import NIOHTTP1
import TestSupport
import Testing
import Trading

/// A cluster that trades a recording live, step by step, and the exchange's log, which judges it.
struct LiveMarket: Sendable {
    let cluster: TestCluster
    let symbol: String
    let interval: Interval

    /// What the account of the simulator begins with.
    private static let balances: [String: FixedDecimal] = [
        "USDT": "1000000", "BTC": "100", "ETH": "1000", "BNB": "1000",
    ]

    static func with<R>(
        _ symbol: String,
        interval: Interval = .fiveMinutes,
        config: String,
        window: String = "60s",
        lease: String = "1500ms",
        _ body: (LiveMarket) async throws -> R
    ) async throws -> R {
        let file = try #require(recordedCandles("\(symbol)-\(interval.rawValue)"))
        return try await withCluster(
            simulator: ["--replay", file, "--steps", "--ticking", "--history", "200", "--weight-limit", "1000000"],
            environment: [
                "TENURE_LEASE_TTL": lease, "TENURE_HEARTBEAT_INTERVAL": "250ms",
                "TENURE_BINANCE_RECEIVE_WINDOW": window,
            ]
        ) { cluster in
            let order = """
                {"symbol":"\(symbol)","mode":"scalp","interval":"\(interval.rawValue)","execution":"live",\
                "config":\(config)}
                """
            let answer = try await cluster.post("/api/live-strategy/start", order)
            try #require(answer.status == 201, "start answered \(answer.status): \(answer.body.text)")
            #expect(answer["execution"]?.string == "live")
            return try await body(LiveMarket(cluster: cluster, symbol: symbol, interval: interval))
        }
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

    private func balance(_ asset: String) async throws -> FixedDecimal {
        let answer = try await cluster.send(HTTPClientRequest(url: "\(cluster.cluster.simulatorURL)/sim/accounts"))
        guard case .array(let accounts)? = answer["accounts"] else { throw UnexpectedAnswer(answer: answer) }
        return FixedDecimal(accounts.first?["balances"]?[asset]?["free"]?.string ?? "0") ?? .zero
    }

    // MARK: Waiting

    /// Waits until the strategy has processed the last candle that has closed, and nothing of it is under way.
    func settle() async throws {
        let market = try await cluster.marketTime()
        let last = interval.openTime(containing: market).milliseconds - interval.milliseconds
        try await eventually(within: .seconds(90), "the last candle, and nothing under way") {
            try await cluster.sql(
                """
                SELECT c.cursor_ms >= \(last) AND s.phase = 'running' AND NOT EXISTS (
                    SELECT FROM tenure.orders WHERE status IN ('intended', 'acknowledged', 'partially_filled'))
                FROM tenure.checkpoints c JOIN tenure.strategies s ON s.id = c.strategy_id
                """
            ) == "t"
        }
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

    /// The exchange has each order once or not at all, the journal says the same, and position and profit are the account's.
    func judge(base: String, quote: String) async throws {
        let accepted = try await received().filter { $0.verdict == "accepted" }
        let ids = accepted.map(\.id)
        #expect(ids.count == Set(ids).count, "sent twice: \(ids)")
        let filled = try await cluster.sql(
            """
            SELECT concat_ws(' ', client_order_id, side, trim_scale(filled_quantity_e8 * 0.00000001)) FROM tenure.orders
            WHERE status = 'filled'
            """
        ).split(separator: "\n").map(String.init)
        #expect(Set(filled) == Set(accepted.map { "\($0.id) \($0.side) \($0.executed)" }))
        let booked = try await cluster.sql("SELECT position_e8, pnl_e8 - cost_e8 FROM tenure.checkpoints")
            .split(separator: "|").compactMap { Int64($0) }.map(FixedDecimal.init(int64:))
        let held = try await balance(base) - (Self.balances[base] ?? .zero)
        let earned = try await balance(quote) - (Self.balances[quote] ?? .zero)
        #expect(booked == [held, earned])
    }
}
