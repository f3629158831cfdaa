import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import Postgres
import Testing

@Suite("Overview", .timeLimit(.minutes(5)))
struct OverviewRouteTests {
    /// Five strategies: COIN3 is paused, BAD4 has failed, COIN1 holds two units bought at 10 that are worth 12.5 each.
    private func withStrategies(_ body: @Sendable (APIFixture) async throws -> Void) async throws {
        try await APIFixture.with { api in
            for symbol in ["COIN0", "COIN1", "COIN2", "COIN3", "BAD4"] { _ = try await api.start(symbol) }
            _ = try await api.post("/api/live-strategy/pause", #"{"symbol": "COIN3"}"#)
            try await api.pool.query(
                """
                INSERT INTO tenure.checkpoints (strategy_id, cursor_ms, candles, state, position_e8, cost_e8, last_price_e8,
                    pnl_e8, fees_e8, trades_count)
                SELECT id, 1000, 7, '{}', CASE WHEN symbol = 'COIN1' THEN 200000000 ELSE 0 END,
                    CASE WHEN symbol = 'COIN1' THEN 2000000000 ELSE 0 END, 1250000000, id * 100000000, 50000000, id
                FROM tenure.strategies
                """
            )
            try await body(api)
        }
    }

    @Test("shows strategies by status, and what is at stake")
    func overview() async throws {
        try await withStrategies { api in
            let empty = try await api.get("/api/overview").json()
            #expect(empty["at"].string.contains("T"))
            #expect(empty["statuses"]["running"].int == 3)
            #expect(empty["statuses"]["paused"].int == 1)
            #expect(empty["statuses"]["failed"].int == 1)
            #expect(empty["statuses"]["orphaned"].int == 0)
            let book = empty["books"][0]
            #expect(empty["books"].array.count == 1)
            #expect(book["execution"].string == "paper")
            #expect(book["strategies"].int == 5)
            #expect(book["holding"].int == 1)
            #expect(book["exposure"].string == "25")
            #expect(book["unrealized_pnl"].string == "5")
            #expect(book["pnl"].string == "15")
            #expect(book["fees"].string == "2.5")
            #expect(book["orders_under_way"].int == 0)
            #expect(book["orders_in_doubt"].int == 0)
            // Not sent yet; sent a moment ago; sent, and too late by now to be accepted.
            for (index, signed) in ["NULL::timestamptz", "now() - interval '1 s'", "now() - interval '60 s'"]
                .enumerated()
            {
                try await api.pool.query(
                    """
                    INSERT INTO tenure.orders (client_order_id, strategy_id, exchange, symbol, execution, side, effect,
                        quantity_e8, reason, status, decided_on_ms, shard, epoch, signed_at_ms, receive_window_ms)
                    SELECT 'o-' || \(index), id, 'binance', symbol, 'paper', 'buy', 'entry', 1, 'cross', 'intended', 1000, shard, 1,
                        extract(epoch FROM \(raw: signed)) * 1000, 30000
                    FROM tenure.strategies WHERE symbol = 'COIN1'
                    """
                )
            }
            let later = try await api.get("/api/overview").json()["books"][0]
            #expect(later["orders_under_way"].int == 3)
            #expect(later["orders_in_doubt"].int == 1)
        }
    }

    @Test("of nothing is nothing")
    func nothing() async throws {
        try await APIFixture.with(owned: false) { api in
            let overview = try await api.get("/api/overview").json()
            #expect(overview["books"].array.isEmpty)
            #expect(overview["statuses"]["running"].int == 0)
            #expect(try await api.get("/api/strategies").json()["total"].int == 0)
        }
    }

    @Test(
        "strategies are searched, filtered, sorted and cut into pages",
        arguments: [
            ("sort=symbol", ["BAD4", "COIN0", "COIN1", "COIN2", "COIN3"], 5),
            ("search=oin&sort=pnl&descending=true&limit=2", ["COIN3", "COIN2"], 4),
            ("search=oin&sort=pnl&descending=true&limit=2&offset=2", ["COIN1", "COIN0"], 4),
            ("sort=exposure&descending=true&limit=1", ["COIN1"], 5),
            ("status=paused", ["COIN3"], 1), ("search=BAD&status=paused", [], 0),
            ("mode=scalp&execution=paper&owner=1&search=alpha", ["BAD4", "COIN0", "COIN1", "COIN2", "COIN3"], 5),
            ("owner=2", [], 0), ("execution=live", [], 0), ("search=%25", [], 0), ("offset=5", [], 0),
            ("sort=pnl_today&limit=1", ["BAD4"], 5),
        ]
    )
    func strategies(query: String, symbols: [String], total: Int) async throws {
        try await withStrategies { api in
            let page = try await api.get("/api/strategies?\(query)").json()
            #expect(page["items"].array.map { $0["symbol"].string } == symbols)
            #expect(page["total"].int == total)
        }
    }

    @Test(
        "a selection that is wrong is refused by name",
        arguments: [
            ("sort=price", "sort"), ("offset=-1", "offset"), ("descending=yes", "descending"), ("owner=x", "owner"),
            ("execution=real", "execution"), ("status=up", "status"), ("offset=99999999999", "offset"),
        ]
    )
    func refused(query: String, field: String) async throws {
        try await APIFixture.offline { api in
            let problem = try await api.get("/api/strategies?\(query)").problem(.badRequest, "invalid-query")
            #expect(problem.fields == [field])
        }
    }

    @Test("every event is in the log, latest first, paged, and chosen by kind")
    func log() async throws {
        let json: HTTPFields = [.accept: "application/json"]
        try await withStrategies { api in
            let all = try await api.get("/api/events", headers: json).json()["items"].array.map { $0["kind"].string }
            #expect(all == ["paused", "started", "started", "started", "started", "started"])
            let paused = try await api.get("/api/events?limit=1", headers: json).json()["items"][0]["details"]
            #expect(paused["symbol"].string == "COIN3")
            let first = try await api.get("/api/events?kinds=started,stopped&limit=3", headers: json).json()
            #expect(first["items"].array.map { $0["details"]["symbol"].string } == ["BAD4", "COIN3", "COIN2"])
            let rest = try await api.get(
                "/api/events?kinds=started&cursor=\(first["next_cursor"].string)",
                headers: json
            ).json()
            #expect(rest["items"].array.map { $0["details"]["symbol"].string } == ["COIN1", "COIN0"])
            #expect(rest["next_cursor"].isNull)
            let problem = try await api.get("/api/events?kinds=", headers: json).problem(.badRequest, "invalid-query")
            #expect(problem.fields == ["kinds"])
        }
    }

    @Test("what can be started is told with the parameters of each mode")
    func modes() async throws {
        try await APIFixture.offline { api in
            let modes = try await api.get("/api/modes").json()
            #expect(modes["modes"][0]["name"].string == "scalp")
            #expect(modes["modes"][0]["parameters"]["type"].string == "object")
            #expect(modes["executions"].array.map(\.string) == ["paper"])
            #expect(modes["exchanges"].array.map(\.string) == ["binance"])
            #expect(modes["default_exchange"].string == "binance")
            #expect(modes["intervals"].array.map(\.string).contains("1m"))
        }
    }

    @Test("history is chosen by mode and time, and added up")
    func history() async throws {
        try await withStrategies { api in
            for symbol in ["COIN0", "COIN1"] { _ = try await api.stop(symbol) }
            try await api.pool.query(
                "UPDATE tenure.strategy_history SET stopped_at = '2026-01-02 12:00+00' WHERE symbol = 'COIN0'"
            )
            for (query, symbols) in [
                ("", ["COIN1", "COIN0"]), ("until=2026-01-03T00:00:00Z", ["COIN0"]),
                ("since=2026-01-02T12:00:00.000Z&until=2026-01-02T12:00:00.001Z", ["COIN0"]),
                ("since=2026-01-02T12:00:00.001Z", ["COIN1"]), ("mode=scalp&symbol=COIN1", ["COIN1"]), ("mode=x", []),
            ] {
                let page = try await api.get("/api/live-strategy/history?\(query)").json()
                #expect(page["items"].array.map { $0["symbol"].string } == symbols, "\(query)")
                let totals = try await api.get("/api/live-strategy/history/totals?\(query)").json()
                #expect(totals["strategies"].int == symbols.count, "\(query)")
                #expect(totals["trades_count"].int == 3 * symbols.count)
                #expect(Double(totals["pnl"].string) == -12.5 * Double(symbols.count))
            }
            for moment in ["yesterday", "2026-01-02", "2026-13-01T00:00:00Z", ""] {
                let problem = try await api.get("/api/live-strategy/history?since=\(moment)")
                    .problem(.badRequest, "invalid-query")
                #expect(problem.fields == ["since"])
            }
        }
    }

    @Test("candles are those up to the last one that the strategy has seen")
    func candles() async throws {
        try await APIFixture.with { api in
            let id = try await api.started()
            let path = "/api/live-strategy/\(id)/candles"
            #expect(try await api.get(path).json()["items"].array.isEmpty)
            // At one minute; the last candle began at 00:10.
            try await api.pool.query(
                """
                INSERT INTO tenure.checkpoints (strategy_id, cursor_ms, candles, state, position_e8, cost_e8, last_price_e8,
                    pnl_e8, fees_e8, trades_count)
                VALUES (\(Int64(id)), 600000, 7, '{}', 0, 0, 0, 0, 0, 0)
                """
            )
            let three = try await api.get("\(path)?limit=3").json()["items"].array
            #expect(
                three.map { $0["open_time"].string.dropFirst(11) } == [
                    "00:08:00.000Z", "00:09:00.000Z", "00:10:00.000Z",
                ]
            )
            #expect(three.first?["low"].string == "9.25" && three.first?["volume"].string == "3")
            let fresh = try await api.get("\(path)?since=1970-01-01T00:09:00Z").json()["items"].array
            #expect(fresh.map { $0["open_time"].string.dropFirst(11) } == ["00:10:00.000Z"])
            #expect(try await api.get("\(path)?since=1970-01-01T00:10:00Z").json()["items"].array.isEmpty)
            _ = try await api.get("/api/live-strategy/99/candles").problem(.notFound, "no-such-strategy")
        }
    }
}
