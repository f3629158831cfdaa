import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import Postgres
import Store
import TestSupport
import Testing

@Suite("POST /api/live-strategy/close", .timeLimit(.minutes(5)))
struct CloseRouteTests {
    private static let path = "/api/live-strategy/close"

    /// As if it had bought something.
    private func hold(_ api: APIFixture, _ id: Int) async throws {
        try await api.pool.query(
            """
            INSERT INTO tenure.checkpoints (strategy_id, cursor_ms, candles, state, position_e8, cost_e8, last_price_e8, pnl_e8,
                fees_e8, trades_count) VALUES (\(Int64(id)), 0, 0, '{}', 100000000, 100000000, 100000000, 0, 0, 1)
            """
        )
    }

    /// As its owner does it.
    private func carryOut(_ api: APIFixture, _ id: Int) async throws {
        try await api.pool.query(
            "UPDATE tenure.checkpoints SET closed = 1, position_e8 = 0 WHERE strategy_id = \(Int64(id))"
        )
        try await api.pool.query("SELECT pg_notify('tenure', 'noted ' || \(Int64(id)))")
    }

    @Test("the answer is 200 once the position is closed, and the strategy goes on")
    func closed() async throws {
        try await APIFixture.with { api in
            let id = try await api.started()
            try await hold(api, id)
            async let answer = api.post(Self.path, #"{"symbol":"BTCUSDT","pause":true,"reason":"the news"}"#)
            try await eventually("it is asked for") {
                try await api.get("/api/live-strategy/\(id)").json()["closing"].bool
            }
            #expect(try await api.get("/api/live-strategy/\(id)").json()["status"].string == "paused")
            try await carryOut(api, id)
            #expect(try await answer.status == .ok)
            let json = try await answer.json()
            #expect(json["id"].int == id && !json["closing"].bool)
            #expect(json["position"].string == "0")
            let events = try await api.get("/api/live-strategy/\(id)/events").json()["items"].array
            let asked = events.first { $0["kind"].string == "close_requested" }?["details"]
            #expect(asked?["reason"].string == "the news" && asked?["pause"].bool == true)
        }
    }

    @Test("it is 202 if that takes longer than the wait; asked again it waits for the same; and one key asks once")
    func accepted() async throws {
        try await APIFixture.with {
            $0.stopWait = .milliseconds(20)
        } _: { api in
            let id = try await api.started()
            try await hold(api, id)
            for key in ["a", "a", "b"] {
                let answer = try await api.post(Self.path, #"{"symbol":"BTCUSDT"}"#, headers: [.idempotencyKey: key])
                #expect(answer.status == .accepted)
                #expect(answer.headers[.location] == "/api/live-strategy/\(id)")
                #expect(try answer.json()["closing"].bool)
            }
            try await carryOut(api, id)
            let answer = try await api.post(Self.path, #"{"symbol":"BTCUSDT"}"#, headers: [.idempotencyKey: "a"])
            #expect(answer.status == .ok)
            #expect(try await api.get("/api/live-strategy/\(id)").json()["status"].string == "running")
        }
    }

    @Test("there must be something to close, somebody who does it, and no halt")
    func refused() async throws {
        try await APIFixture.with { api in
            _ = try await api.post(Self.path, #"{"symbol":"BTCUSDT"}"#).problem(.notFound, "not-active")
            let id = try await api.started()
            _ = try await api.post(Self.path, #"{"symbol":"BTCUSDT","pause":true}"#).problem(.conflict, "nothing-held")
            #expect(try await api.get("/api/live-strategy/\(id)").json()["status"].string == "running")
            try await hold(api, id)
            let halts = HaltRepository(database: api.pool)
            _ = try await halts.halt(reason: "test", by: nil)
            _ = try await api.post(Self.path, #"{"symbol":"BTCUSDT"}"#).problem(.conflict, "halted")
            let bad = try await api.started("BADUSDT")
            try await hold(api, bad)
            _ = try await halts.lift(by: nil)
            _ = try await api.post(Self.path, #"{"symbol":"BADUSDT"}"#).problem(.conflict, "not-running")
            let problem = try await api.post(Self.path, #"{"symbol":"BTCUSDT","pause":1,"reason":"","more":1}"#)
                .problem(.unprocessableContent, "invalid-fields")
            #expect(Set(problem.fields) == ["pause", "reason", "more"])
        }
    }
}
