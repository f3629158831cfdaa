import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import Postgres
import Testing

@Suite("One strategy", .timeLimit(.minutes(5)))
struct StrategyTrailRouteTests {
    @Test("an active one is shown with who ran it when, a stopped one with its record")
    func strategy() async throws {
        try await APIFixture.with { api in
            let id = try await api.started()
            try await api.pool.query(
                """
                INSERT INTO tenure.ownership (shard, epoch, owner, owner_name, previous_owner, reason)
                SELECT shard, 2, 5, 'beta', 1, 'crash' FROM tenure.strategies
                """
            )
            let active = try await api.get("/api/live-strategy/\(id)").json()
            #expect(active["status"].string == "running")
            #expect(active["ownership"].array.count == 1)
            #expect(active["ownership"][0]["owner"]["name"].string == "beta")
            #expect(active["ownership"][0]["reason"].string == "crash")
            #expect(active["ownership"][0]["previous_owner"]["id"].int == 1)
            #expect(active["state"].isNull)
            try await api.pool.query(
                """
                INSERT INTO tenure.checkpoints (strategy_id, cursor_ms, candles, state, position_e8, cost_e8, last_price_e8, pnl_e8,
                    fees_e8, trades_count)
                VALUES (\(Int64(id)), 0, 0, '{"strategy":"{\\"wasAbove\\":true}"}', 0, 0, 0, 0, 0, 0)
                """
            )
            #expect(try await api.get("/api/live-strategy/\(id)").json()["state"]["wasAbove"].bool)
            let list = try await api.get("/api/live-strategy/\(id)/ownership").json()
            #expect(list["items"].array.map { $0["epoch"].int } == [2] && list["next_cursor"].isNull)
            _ = try await api.get("/api/live-strategy/99/ownership").problem(.notFound, "no-such-strategy")
            let all = try await api.get("/api/ownership?replica=5&limit=1").json()
            #expect(all["items"][0]["owner"]["name"].string == "beta")
            #expect(try await api.get("/api/ownership?replica=6").json()["items"].array.isEmpty)
            _ = try await api.get("/api/ownership?replica=x").problem(.badRequest, "invalid-query")
            _ = try await api.stop()
            let stopped = try await api.get("/api/live-strategy/\(id)").json()
            #expect(stopped["id"].int == id)
            #expect(stopped["status"].string == "stopped")
        }
    }

    @Test("its orders, fills and events are paged from the latest, also after it has stopped")
    func trail() async throws {
        try await APIFixture.with { api in
            let id = try await api.started()
            try await api.pool.query(
                """
                INSERT INTO tenure.orders (client_order_id, strategy_id, exchange, symbol, execution, side, effect,
                    quantity_e8, filled_quantity_e8, reason, status, decided_on_ms, shard, epoch)
                SELECT 'order-' || n, \(Int64(id)), 'binance', 'BTCUSDT', 'paper', 'buy', 'entry', 150000000, 100000000,
                    'cross', 'partially_filled', 1743510600000, 0, 1
                FROM generate_series(1, 3) n
                """
            )
            try await api.pool.query(
                """
                INSERT INTO tenure.fills (exchange, symbol, trade_id, client_order_id, strategy_id, side, price_e8,
                    quantity_e8, fee_e8, time_ms)
                SELECT 'binance', 'BTCUSDT', 't' || n, 'order-1', \(Int64(id)), 'buy', 6000050000000, 100000000, 12, n
                FROM generate_series(1, 3) n
                """
            )
            _ = try await api.post("/api/live-strategy/pause", #"{"symbol": "BTCUSDT"}"#)
            _ = try await api.post("/api/live-strategy/resume", #"{"symbol": "BTCUSDT"}"#)
            _ = try await api.stop()
            let lists = [
                ("orders", "client_order_id", ["order-3", "order-2", "order-1"]),
                ("fills", "trade_id", ["t3", "t2", "t1"]),
                ("events", "kind", ["stop_requested", "resumed", "paused", "started"]),
            ]
            for (list, key, expected) in lists {
                let first = try await api.get("/api/live-strategy/\(id)/\(list)?limit=2").json()
                let cursor = first["next_cursor"].string
                let second = try await api.get("/api/live-strategy/\(id)/\(list)?limit=2&cursor=\(cursor)").json()
                let all = first["items"].array + second["items"].array
                #expect(all.map { $0[key].string } == expected)
                #expect(second["next_cursor"].isNull)
            }
            let order = try await api.get("/api/live-strategy/\(id)/orders").json()["items"][0]
            #expect(order["quantity"].string == "1.5")
            #expect(order["filled_quantity"].string == "1")
            #expect(order["decided_on"].string == "2025-04-01T12:30:00.000Z")
            #expect(order["exchange_order_id"].isNull)
            let fill = try await api.get("/api/live-strategy/\(id)/fills").json()["items"][0]
            #expect(fill["price"].string == "60000.5")
            #expect(fill["fee"].string == "0.00000012")
            #expect(fill["commission"].isNull && fill["commission_asset"].isNull)
            let event = try await api.get("/api/live-strategy/\(id)/events").json()["items"].array.last
            #expect(event?["details"]["symbol"].string == "BTCUSDT")
        }
    }

    @Test(
        "what cannot be an id is not found",
        arguments: ["0", "-1", "abc", "01", "%31x", "99999999999999999999"],
        ["", "/orders", "/fills", "/events"]
    )
    func noID(id: String, list: String) async throws {
        try await APIFixture.offline { api in
            _ = try await api.get("/api/live-strategy/\(id)\(list)").problem(.notFound, "no-such-strategy")
        }
    }

    @Test("what never was is not found")
    func unknown() async throws {
        try await APIFixture.with(owned: false) { api in
            for list in ["", "/orders", "/fills", "/events"] {
                _ = try await api.get("/api/live-strategy/999\(list)").problem(.notFound, "no-such-strategy")
            }
        }
    }
}
