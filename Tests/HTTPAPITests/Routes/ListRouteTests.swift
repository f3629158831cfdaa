import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import Postgres
import Testing

@Suite("Lists", .timeLimit(.minutes(5)))
struct ListRouteTests {
    @Test("status is paged by cursor and filtered")
    func status() async throws {
        try await APIFixture.with { api in
            for number in 0..<5 { _ = try await api.started("COIN\(number)") }
            _ = try await api.post("/api/live-strategy/pause", #"{"symbol": "COIN3"}"#)
            var symbols: [String] = []
            var path = "/api/live-strategy/status?limit=2"
            while true {
                let page = try await api.get(path).json()
                symbols += page["items"].array.map { $0["symbol"].string }
                guard !page["next_cursor"].isNull else { break }
                path = "/api/live-strategy/status?limit=2&cursor=\(page["next_cursor"].string)"
            }
            #expect(symbols == (0..<5).map { "COIN\($0)" })
            let paused = try await api.get("/api/live-strategy/status?status=paused&exchange=binance").json()
            #expect(paused["items"].array.map { $0["symbol"].string } == ["COIN3"])
            let one = try await api.get("/api/live-strategy/status?symbol=%63oin1").json()
            #expect(one["items"].array.map { $0["symbol"].string } == ["COIN1"])
        }
    }

    @Test("history is paged from the latest and filtered by symbol")
    func history() async throws {
        try await APIFixture.with { api in
            for symbol in ["A", "B", "A"] {
                _ = try await api.started(symbol)
                _ = try await api.stop(symbol)
            }
            let first = try await api.get("/api/live-strategy/history?limit=2").json()
            #expect(first["items"].array.map { $0["symbol"].string } == ["A", "B"])
            let cursor = first["next_cursor"].string
            let second = try await api.get("/api/live-strategy/history?limit=2&cursor=\(cursor)").json()
            #expect(second["items"].array.map { $0["symbol"].string } == ["A"])
            #expect(second["next_cursor"].isNull)
            #expect(try await api.get("/api/live-strategy/history?symbol=B").json()["items"].array.count == 1)
            // A cursor belongs to its list.
            let problem = try await api.get("/api/live-strategy/status?cursor=\(cursor)")
                .problem(.badRequest, "invalid-query")
            #expect(problem.fields == ["cursor"])
        }
    }

    @Test(
        "a query that is wrong is refused by name",
        arguments: [
            ("limit=0", "limit"), ("limit=501", "limit"), ("limit=ten", "limit"), ("limit=", "limit"),
            ("limit=-1", "limit"),
            ("limit=99999999999999999999", "limit"), ("cursor=abc", "cursor"), ("cursor=", "cursor"),
            ("status=up", "status"),
            ("symbol=a%20b", "symbol"), ("exchange=%00", "exchange"), ("symbol=%ff", "symbol"), ("symbol=%4", "symbol"),
            ("limit=1&limit=2", "limit"), ("simbol=BTCUSDT", "simbol"), ("status", "status"),
        ]
    )
    func invalidQuery(query: String, field: String) async throws {
        try await APIFixture.offline { api in
            let problem = try await api.get("/api/live-strategy/status?\(query)").problem(.badRequest, "invalid-query")
            #expect(problem.fields == [field])
            if query == "status=up" { #expect(problem["detail"].string.contains("orphaned")) }
        }
    }

    @Test("replicas are listed with process, load and lease")
    func replicas() async throws {
        try await APIFixture.with { api in
            _ = try await api.started()
            try await api.pool.query(
                """
                INSERT INTO tenure.replicas (id, name, instance, host, pid, version, capacity, timeline, lease_expires_at,
                    fenced_at, fenced_by, fenced_reason)
                VALUES (2, 'beta', 'i', 'host-b', 1, '1.0', 10, '1', clock_timestamp(), clock_timestamp(), 1, 'session lost')
                """
            )
            let items = try await api.get("/api/replicas").json()["items"]
            #expect(items.array.count == 2)
            #expect(items[0]["name"].string == "alpha")
            #expect(items[0]["host"].string == "host-a")
            #expect(items[0]["pid"].int == 4711)
            #expect(items[0]["status"].string == "live")
            #expect(items[0]["load"].int == 1)
            #expect(items[0]["shards"].int == 1024)
            #expect((1...3_600_000).contains(items[0]["lease_remaining_ms"].int))
            #expect(items[1]["status"].string == "fenced")
            #expect(items[1]["fenced_by"].int == 1)
            #expect(items[1]["fenced_reason"].string == "session lost")
            #expect(items[1]["lease_remaining_ms"].isNull)
        }
    }
}
