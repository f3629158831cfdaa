import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import Postgres
import Testing
import Trading

@Suite("Requests that name themselves", .timeLimit(.minutes(5)))
struct RepetitionTests {
    private static let start = "/api/live-strategy/start"
    private static let body = #"{"symbol": "BTCUSDT", "mode": "scalp", "interval": "1m"}"#

    private static func key(_ key: String) -> HTTPFields { [.idempotencyKey: key] }

    @Test("a repeated start gets the first answer, whatever has happened since; a new key gets the conflict")
    func repeatedStart() async throws {
        try await APIFixture.with { api in
            let first = try await api.post(Self.start, Self.body, headers: Self.key("one"))
            #expect(first.status == .created)
            #expect(first.headers[.replayed] == nil)
            _ = try await api.post("/api/live-strategy/pause", #"{"symbol": "BTCUSDT"}"#)
            // The same, written otherwise.
            let same = #"{"interval":"1m","mode":"scalp","symbol":"BTCUSDT"}"#
            for key in ["one", "\"one\""] {
                let again = try await api.post(Self.start, same, headers: Self.key(key))
                #expect(again.status == .created)
                #expect(again.text == first.text)
                #expect(again.headers[.location] == first.headers[.location])
                #expect(again.headers[.contentType] == "application/json")
                #expect(again.headers[.replayed] == "true")
            }
            let conflict = try await api.post(Self.start, Self.body, headers: Self.key("two"))
            _ = try conflict.problem(.conflict, "taken")
            _ = try await api.stop()
            // Refused once, refused again, though it would be possible now.
            let refused = try await api.post(Self.start, Self.body, headers: Self.key("two"))
            #expect(refused.status == .conflict)
            #expect(refused.text == conflict.text)
            #expect(refused.headers[.contentType] == "application/problem+json")
            #expect(try await api.get("/api/live-strategy/status").json()["items"].array.isEmpty)
        }
    }

    @Test("a key stands for one request only, and is the sender's own")
    func mismatch() async throws {
        let tokens = ["a", "b"].map { AccessToken.make(name: $0, role: .trader, expires: nil) }
        let access = AccessControl(try AccessTokens(tokens.map(\.entry).joined(separator: "\n")))
        try await APIFixture.with(access: access) { api in
            func send(_ path: String, _ body: String, as index: Int) async throws -> TestResponse {
                let headers: HTTPFields = [
                    .idempotencyKey: "k", .authorization: "Bearer \(tokens[index].token)",
                ]
                return try await api.post(path, body, headers: headers)
            }
            #expect(try await send(Self.start, Self.body, as: 0).status == .created)
            let other = #"{"symbol": "ETHUSDT", "mode": "scalp", "interval": "1m"}"#
            _ = try await send(Self.start, other, as: 0).problem(.unprocessableContent, "key-of-another")
            _ = try await send("/api/live-strategy/stop", #"{"symbol": "BTCUSDT"}"#, as: 0)
                .problem(.unprocessableContent, "key-of-another")
            #expect(try await send(Self.start, other, as: 1).status == .created)
        }
    }

    @Test(
        "keys that are none are refused",
        arguments: ["", "\"", "a b", "ä", "a\"b", String(repeating: "a", count: 256)]
    )
    func invalid(key: String) async throws {
        try await APIFixture.offline { api in
            let answer = try await api.post(Self.start, Self.body, headers: Self.key(key))
            _ = try answer.problem(.badRequest, "invalid-idempotency-key")
        }
    }

    @Test(
        "a repeated stop does not stop the strategy that was started in between; nor does a repeated pause pause it again"
    )
    func repeatedStop() async throws {
        try await APIFixture.with { api in
            let (market, keep) = (#"{"symbol": "BTCUSDT"}"#, Self.key("stop"))
            let first = try await api.started()
            let stopped = try await api.post("/api/live-strategy/stop", market, headers: keep)
            #expect(stopped.status == .ok)
            let second = try await api.started()
            let again = try await api.post("/api/live-strategy/stop", market, headers: keep)
            #expect(again.text == stopped.text)
            #expect(try again.json()["id"].int == first)
            #expect(try await api.get("/api/live-strategy/\(second)").json()["status"].string == "running")

            let pause = "/api/live-strategy/pause"
            #expect(try await api.post(pause, market, headers: Self.key("pause")).json()["status"].string == "paused")
            _ = try await api.post("/api/live-strategy/resume", market)
            #expect(try await api.post(pause, market, headers: Self.key("pause")).json()["status"].string == "paused")
            #expect(try await api.get("/api/live-strategy/\(second)").json()["status"].string == "running")
        }
    }

    @Test("of many at the same moment one is done, and all get the same answer")
    func simultaneous() async throws {
        try await APIFixture.with { api in
            for round in 0..<5 {
                let body = #"{"symbol": "COIN\#(round)", "mode": "scalp", "interval": "1m"}"#
                let answers = try await withThrowingTaskGroup(of: (HTTPResponse.Status, String).self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            let answer = try await api.post(Self.start, body, headers: Self.key("round-\(round)"))
                            return (answer.status, answer.text)
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.allSatisfy { $0.0 == .created }, "\(answers)")
                #expect(Set(answers.map(\.1)).count == 1)
            }
            let started = try await api.pool.query("SELECT FROM tenure.events WHERE kind = 'started'")
            #expect(started.count == 5)
        }
    }

    @Test("what a replica did before it died is found by the one that gets the repetition, and not done again")
    func interrupted() async throws {
        try await APIFixture.with { api in
            let first = try await api.post(Self.start, Self.body, headers: Self.key("k"))
            // As if it had died before it could answer.
            _ = try await api.pool.query(
                "UPDATE tenure.idempotency_keys SET status = NULL, body = NULL, location = NULL"
            )
            let second = try await api.post(Self.start, Self.body, headers: Self.key("k"))
            #expect(second.status == .created)
            #expect(try second.json()["id"].int == first.json()["id"].int)
            _ = try await api.pool.query(
                "UPDATE tenure.idempotency_keys SET status = NULL, body = NULL, location = NULL"
            )
            _ = try await api.stop()
            let third = try await api.post(Self.start, Self.body, headers: Self.key("k"))
            #expect(third.status == .conflict)
            #expect(try await api.get("/api/live-strategy/status").json()["items"].array.isEmpty)
        }
    }

    @Test("keys are forgotten after a day")
    func forgotten() async throws {
        try await APIFixture.with { api in
            #expect(try await api.post(Self.start, Self.body, headers: Self.key("old")).status == .created)
            _ = try await api.pool.query(
                "UPDATE tenure.idempotency_keys SET created_at = created_at - interval '25 hours'"
            )
            _ = try await api.post(Self.start, Self.body, headers: Self.key("new"))
            let keys = try await api.pool.query("SELECT key FROM tenure.idempotency_keys").map {
                try $0.decode(String.self)
            }
            #expect(keys == ["new"])
        }
    }
}

extension HTTPField.Name {
    static let idempotencyKey = Self("Idempotency-Key")!
    fileprivate static let replayed = Self("Idempotent-Replayed")!
}
