import HTTPTypes
import HummingbirdTesting
import Testing

@Suite("POST /api/replay", .timeLimit(.minutes(5)))
struct ReplayRouteTests {
    private func replay(_ api: APIFixture, _ symbol: String, _ more: String = "") async throws -> TestResponse {
        try await api.post("/api/replay", #"{"symbol":"\#(symbol)","mode":"scalp","interval":"1m"\#(more)}"#)
    }

    @Test("it takes what a start takes, and says what would have been; nothing is stored")
    func answer() async throws {
        try await APIFixture.with { api in
            let answer = try await replay(api, "BTCUSDT", #","config":{"fast":"7"},"candles":250"#)
            #expect(answer.status == .ok)
            let json = try answer.json()
            #expect(json["candles"].int == 250)
            #expect(json["config"]["fast"].string == "7" && json["config"]["slow"].string == "20")
            #expect(json["pnl"].string == "-1.5" && json["trades_count"].int == 1)
            #expect(json["trades"][0]["entry_price"].string == "10")
            #expect(json["equity"][0]["time"].string == "1970-01-01T00:01:00.000Z")
            #expect(json["buy_and_hold_pnl"].isNull)
            #expect(try await replay(api, "BTCUSDT").json()["candles"].int == 1_000)
            #expect(try await api.get("/api/live-strategy/status").json()["items"].array.isEmpty)
        }
    }

    @Test("what is wrong is named as at a start, and the number of candles with it")
    func invalid() async throws {
        try await APIFixture.with(owned: false) { api in
            for candles in ["99", "5001", "1.5", "\"250\"", "true"] {
                let problem = try await replay(api, "BTCUSDT", #","candles":\#(candles),"config":{"what":1}"#)
                    .problem(.unprocessableContent, "invalid-fields")
                #expect(Set(problem.fields) == ["candles", "config.what"])
            }
            let busy = try await replay(api, "ETHUSDT")
            _ = try busy.problem(.serviceUnavailable, "unavailable")
            #expect(busy.headers[.retryAfter] == "7")
        }
    }
}
