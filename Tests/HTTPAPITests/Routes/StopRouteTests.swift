import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import Testing

@Suite("POST /api/live-strategy/stop, pause, resume", .timeLimit(.minutes(5)))
struct StopRouteTests {
    @Test("a stop answers 200 with the history record once it has stopped")
    func stopped() async throws {
        try await APIFixture.with { api in
            let id = try await api.started()
            let response = try await api.stop("BTCUSDT", #", "reason": "enough", "positions": "close""#)
            #expect(response.status == .ok)
            let json = try response.json()
            #expect(json["id"].int == id)
            #expect(json["status"].string == "stopped")
            #expect(json["reason"].string == "enough")
            #expect(json["pnl"].string == "-12.5")
            #expect(json["fees"].string == "0.1")
            #expect(json["trades_count"].int == 3)
            #expect(try await api.get("/api/live-strategy/status").json()["items"].array.isEmpty)
            let history = try await api.get("/api/live-strategy/history").json()["items"]
            #expect(history.array.count == 1)
            #expect(history[0].keys == json.keys)
            // And the market is free again.
            #expect(try await api.start().status == .created)
        }
    }

    @Test("the usual reason is user_stopped")
    func usualReason() async throws {
        try await APIFixture.with { api in
            _ = try await api.started()
            #expect(try await api.stop().json()["reason"].string == "user_stopped")
        }
    }

    @Test("a stop answers 202 with the strategy if that takes longer than the wait, however often it is asked")
    func accepted() async throws {
        try await APIFixture.with {
            $0.startWait = .milliseconds(20)
            $0.stopWait = .milliseconds(20)
        } _: { api in
            let id = try await api.started("SLOWUSDT")
            for _ in 0..<2 {
                let response = try await api.stop("SLOWUSDT")
                #expect(response.status == .accepted)
                #expect(response.headers[.location] == "/api/live-strategy/\(id)")
                #expect(try response.json()["status"].string == "stopping")
            }
        }
    }

    @Test("a stop of what is not active answers 404, also the second time")
    func notFound() async throws {
        try await APIFixture.with { api in
            _ = try await api.stop().problem(.notFound, "not-active")
            _ = try await api.started()
            _ = try await api.stop()
            _ = try await api.stop().problem(.notFound, "not-active")
        }
    }

    @Test("many stops at once all answer 200 with the record, or 404 once it is gone")
    func concurrent() async throws {
        try await APIFixture.with { api in
            _ = try await api.started()
            let codes = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<30 { group.addTask { try await api.stop().status.code } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.contains(200))
            #expect(codes.allSatisfy { $0 == 200 || $0 == 404 })
            #expect(try await api.get("/api/live-strategy/history").json()["items"].array.count == 1)
        }
    }

    @Test(
        "a stop names what is wrong with it",
        arguments: [
            (#", "positions": "burn""#, "positions"), (#", "reason": """#, "reason"),
            (#", "reason": "a\nb""#, "reason"),
            (#", "reason": 5"#, "reason"), (#", "why": "x""#, "why"), (#", "exchange": [1]"#, "exchange"),
        ]
    )
    func invalid(more: String, field: String) async throws {
        try await APIFixture.offline { api in
            let problem = try await api.stop("BTCUSDT", more).problem(.unprocessableContent, "invalid-fields")
            #expect(problem.fields == [field])
        }
    }

    @Test("pause and resume answer 200 with the strategy, and again if it is so already")
    func pause() async throws {
        try await APIFixture.with { api in
            let id = try await api.started()
            let steps = [("pause", "paused"), ("pause", "paused"), ("resume", "running"), ("resume", "running")]
            for (action, status) in steps {
                let response = try await api.post("/api/live-strategy/\(action)", #"{"symbol": "BTCUSDT"}"#)
                #expect(response.status == .ok)
                #expect(try response.json()["id"].int == id)
                #expect(try response.json()["status"].string == status)
            }
            let events = try await api.get("/api/live-strategy/\(id)/events").json()["items"].array
            #expect(events.map { $0["kind"].string } == ["resumed", "paused", "started"])
        }
    }

    @Test("pause and resume of what is not active answer 404; of nonsense 422", arguments: ["pause", "resume"])
    func pauseNothing(action: String) async throws {
        try await APIFixture.with { api in
            _ = try await api.post("/api/live-strategy/\(action)", #"{"symbol": "BTCUSDT"}"#)
                .problem(.notFound, "not-active")
            let problem = try await api.post("/api/live-strategy/\(action)", #"{"symbol": "", "for": "1h"}"#)
                .problem(.unprocessableContent, "invalid-fields")
            #expect(Set(problem.fields) == ["symbol", "for"])
        }
    }
}
