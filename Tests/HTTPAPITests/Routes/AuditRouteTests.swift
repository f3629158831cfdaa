import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import Postgres
import Store
import Testing

@Suite("The audit trail", .timeLimit(.minutes(5)))
struct AuditRouteTests {
    private static func made(_ name: String, _ role: AccessRole) -> (token: String, entry: String) {
        AccessToken.make(name: name, role: role, expires: nil)
    }

    @Test("who did what is listed for admins, by person, symbol and kind, page by page, also what was put aside")
    func audit() async throws {
        let (alice, bob, root) = (Self.made("alice", .trader), Self.made("bob", .trader), Self.made("root", .admin))
        let tokens = try AccessTokens([alice, bob, root].map(\.entry).joined(separator: "\n"))
        try await APIFixture.with(access: AccessControl(tokens)) { api in
            func bearer(_ token: String) -> HTTPFields { [.authorization: "Bearer \(token)"] }
            func post(_ path: String, _ body: String, by token: String) async throws {
                let answer = try await api.post(path, body, headers: bearer(token))
                #expect(answer.status.kind == .successful, "\(answer.text)")
            }
            let start = #""mode": "scalp", "interval": "1m"}"#
            try await post("/api/live-strategy/start", #"{"symbol": "BTCUSDT", "# + start, by: alice.token)
            try await post("/api/live-strategy/start", #"{"symbol": "ETHUSDT", "# + start, by: bob.token)
            try await post("/api/live-strategy/pause", #"{"symbol": "BTCUSDT"}"#, by: bob.token)
            try await post("/api/live-strategy/stop", #"{"symbol": "ETHUSDT"}"#, by: alice.token)
            // There is no replica here that would confirm it.
            _ = try await HaltRepository(database: api.pool).halt(reason: "storm", by: "alice")
            // As if the first of them had been put aside.
            try await api.pool.query(
                """
                WITH old AS (DELETE FROM tenure.events WHERE kind = 'started' AND details ->> 'by' = 'alice' RETURNING *)
                INSERT INTO tenure.audit SELECT id, at, kind, strategy_id, replica_id, details FROM old
                """
            )
            func list(_ query: String) async throws -> JSON {
                let answer = try await api.get("/api/audit\(query)", headers: bearer(root.token))
                #expect(answer.status == .ok, "\(answer.text)")
                return try answer.json()
            }
            func kinds(_ query: String) async throws -> [String] {
                try await list(query)["items"].array.map {
                    "\($0["by"].string) \($0["kind"].string) \($0["symbol"].string)"
                }
            }
            #expect(
                try await kinds("") == [
                    "alice halted ", "alice stop_requested ETHUSDT", "bob paused BTCUSDT", "bob started ETHUSDT",
                    "alice started BTCUSDT",
                ]
            )
            #expect(try await kinds("?by=bob") == ["bob paused BTCUSDT", "bob started ETHUSDT"])
            #expect(try await kinds("?symbol=BTCUSDT") == ["bob paused BTCUSDT", "alice started BTCUSDT"])
            #expect(try await kinds("?kinds=halted,started&by=alice") == ["alice halted ", "alice started BTCUSDT"])
            #expect(try await kinds("?by=nobody").isEmpty)
            let first = try await list("?limit=3")
            let rest = try await kinds("?limit=3&cursor=\(first["next_cursor"].string)")
            #expect(rest == ["bob started ETHUSDT", "alice started BTCUSDT"])
            let entry = try await list("?kinds=halted")["items"][0]
            #expect(entry["details"]["reason"].string == "storm")
            let refused = try await api.get("/api/audit", headers: bearer(alice.token))
            _ = try refused.problem(.forbidden, "forbidden")
            let cursor = try await api.get("/api/audit?cursor=abc", headers: bearer(root.token))
            _ = try cursor.problem(.badRequest, "invalid-query")
        }
    }
}
