import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import Postgres
import TestSupport
import Testing
import Trading

extension HTTPField.Name {
    fileprivate static let prefer = HTTPField.Name("Prefer")!
    fileprivate static let preferenceApplied = HTTPField.Name("Preference-Applied")!
}

@Suite("POST /api/live-strategy/start", .timeLimit(.minutes(5)))
struct StartRouteTests {
    @Test("answers 201 with the strategy and where it is, once it runs")
    func created() async throws {
        try await APIFixture.with { api in
            let response = try await api.start(
                "btcusdt",
                #""mode": "scalp", "interval": "1m", "config": {"fast": "7"}"#
            )
            #expect(response.status == .created)
            #expect(response.headers[.contentType] == "application/json")
            let json = try response.json()
            #expect(response.headers[.location] == "/api/live-strategy/\(json["id"].int)")
            #expect(
                json.keys == [
                    "id", "symbol", "exchange", "strategy_type", "interval", "execution", "config", "status",
                    "started_at",
                    "last_active", "owner", "shard", "epoch", "position", "exposure", "pnl", "unrealized_pnl", "fees",
                    "trades_count",
                    "candles", "restores", "last_candle", "last_error", "limits", "limit_reached", "pnl_today",
                    "version", "applied_version", "closing",
                ]
            )
            #expect(json["symbol"].string == "BTCUSDT")
            #expect(json["exchange"].string == "binance")
            #expect(json["strategy_type"].string == "scalp")
            #expect(json["interval"].string == "1m")
            #expect(json["execution"].string == "paper")
            #expect(json["config"]["fast"].string == "7")
            #expect(json["config"]["slow"].string == "20")
            #expect(json["status"].string == "running")
            #expect(json["owner"]["id"].int == 1)
            #expect(json["owner"]["name"].string == "alpha")
            #expect(json["epoch"].int == 1)
            #expect(json["restores"].int == 0)
            #expect(json["pnl"].string == "0")
            #expect(json["last_candle"].isNull)
            #expect(json["started_at"].string.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        }
    }

    @Test("answers 202 with the strategy if it takes longer than the wait")
    func accepted() async throws {
        try await APIFixture.with {
            $0.startWait = .milliseconds(50)
        } _: { api in
            let response = try await api.start("SLOWUSDT")
            #expect(response.status == .accepted)
            let json = try response.json()
            #expect(json["status"].string == "starting")
            #expect(response.headers[.location] == "/api/live-strategy/\(json["id"].int)")
        }
    }

    @Test(
        "whoever does not want to wait is answered 202 at once, and others as long as they like",
        arguments: ["respond-async", "RESPOND-ASYNC; foo=1, other", "wait=0", "handling=strict, wait=\"0\""]
    )
    func impatient(preference: String) async throws {
        try await APIFixture.with { api in
            let body = #"{"symbol": "SLOWUSDT", "mode": "scalp", "interval": "1m"}"#
            let path = "/api/live-strategy/start"
            let answer = try await api.post(path, body, headers: [.prefer: preference])
            #expect(answer.status == .accepted)
            let json = try answer.json()
            #expect(json["status"].string == "starting" && json["symbol"].string == "SLOWUSDT")
            #expect(answer.headers[.location] == "/api/live-strategy/\(json["id"].int)")
            #expect(answer.headers[.preferenceApplied] == (preference.contains("wait") ? "wait=0" : "respond-async"))
            // What is told is what is there.
            let found = try JSONValue(text: try await api.get("/api/live-strategy/status").text)["items"]
            guard case .array(let items) = found, items.count == 1 else {
                Issue.record("not recorded")
                return
            }
            #expect(Self.members(of: items[0]) == Self.members(of: try JSONValue(text: answer.text)))
            // Taken is taken.
            let second = try await api.post(path, body, headers: [.prefer: preference])
            #expect(second.status == .conflict)
            let stop = try await api.post(
                "/api/live-strategy/stop",
                #"{"symbol": "SLOWUSDT"}"#,
                headers: [.prefer: preference]
            )
            #expect(stop.status == .accepted)
            #expect(stop.headers[.preferenceApplied] == answer.headers[.preferenceApplied])
        }
    }

    /// All but what a heartbeat changes.
    private static func members(of strategy: JSONValue) -> [String: JSONValue] {
        guard case .object(let members) = strategy else { return [:] }
        return members.filter { $0.key != "last_active" }
    }

    @Test(
        "what a preference says otherwise is ignored",
        arguments: ["wait=soon", "wait=-1", "wait", "respond-async=1"]
    )
    func unreadablePreference(preference: String) async throws {
        try await APIFixture.with { api in
            let answer = try await api.post(
                "/api/live-strategy/start",
                #"{"symbol": "BTCUSDT", "mode": "scalp", "interval": "1m"}"#,
                headers: [.prefer: preference]
            )
            #expect(answer.status == .created)
            #expect(answer.headers[.preferenceApplied] == nil)
        }
    }

    @Test(
        "if the exchange does not say in time whether there is such a market, the answer is 503, and nothing was done"
    )
    func silentExchange() async throws {
        try await APIFixture.with(owned: false) {
            $0.exchangeWait = .milliseconds(50)
        } _: { api in
            let answer = try await api.start("SILENTUSDT")
            #expect(answer.status == .serviceUnavailable)
            #expect(answer.headers[.contentType] == "application/problem+json")
            #expect(answer.headers[.retryAfter] == "5")
            #expect(try answer.json()["detail"].string.contains("Nothing was done"))
            #expect(try await api.get("/api/live-strategy/status").json()["items"].array.isEmpty)
        }
    }

    @Test("answers 202 with what is wrong if it fails instead of running")
    func failed() async throws {
        try await APIFixture.with { api in
            let response = try await api.start("BADUSDT")
            #expect(response.status == .accepted)
            #expect(try response.json()["status"].string == "failed")
            #expect(try response.json()["last_error"].string == "it broke")
        }
    }

    @Test("without any replica the strategy is recorded, and the answer is 202")
    func orphaned() async throws {
        try await APIFixture.with(owned: false) {
            $0.startWait = .milliseconds(20)
        } _: { api in
            let response = try await api.start()
            #expect(response.status == .accepted)
            #expect(try response.json()["status"].string == "orphaned")
            #expect(try response.json()["owner"].isNull)
        }
    }

    @Test("works without notifications too")
    func polling() async throws {
        try await APIFixture.with(owned: false) {
            $0.recheckInterval = .milliseconds(10)
        } _: { api in
            try await api.owner.join()
            async let response = api.start()
            // Nobody announces this.
            while true {
                let changed = try await api.pool.query(
                    "UPDATE tenure.strategies SET phase = 'running' RETURNING id"
                )
                if !changed.isEmpty { break }
            }
            #expect(try await response.status == .created)
        }
    }

    @Test("limits are kept with the strategy; those that are not given have the defaults")
    func limits() async throws {
        try await APIFixture.with {
            $0.defaultLimits = RiskLimits(orderValue: "50", ordersPerMinute: 9)
        } _: { api in
            let answer = try await api.start(
                "BTCUSDT",
                #""mode": "scalp", "interval": "1m", "limits": {"order_value": "100.50", "daily_loss": 20, "position_value": null}"#
            )
            #expect(answer.status == .created)
            let json = try answer.json()
            #expect(json["limits"].keys == ["order_value", "daily_loss", "orders_per_minute"])
            #expect(json["limits"]["order_value"].string == "100.5")
            #expect(json["limits"]["daily_loss"].string == "20")
            #expect(json["limits"]["orders_per_minute"].int == 9)
            #expect(json["limit_reached"].isNull && json["pnl_today"].string == "0")
            #expect(try await api.get("/api/modes").json()["default_limits"]["order_value"].string == "50")
        }
    }

    @Test(
        "a limit that is none is refused by its name",
        arguments: [
            #""order_value": "0""#, #""order_value": "-1""#, #""order_value": "1e3""#, #""order_value": true"#,
            #""daily_loss": "0.000000001""#, #""orders_per_minute": 0"#, #""orders_per_minute": 1.5"#,
            #""orders_per_minute": "5""#, #""order_size": "5""#,
        ]
    )
    func invalidLimit(limit: String) async throws {
        try await APIFixture.with { api in
            let answer = try await api.start("BTCUSDT", #""mode": "scalp", "interval": "1m", "limits": {\#(limit)}"#)
            let problem = try answer.problem(.unprocessableContent, "invalid-fields")
            let name = limit.split(separator: "\"")[0]
            #expect(problem.fields == ["limits.\(name)"])
        }
    }

    @Test("what all strategies together may hold is set, shown, and taken away")
    func exposure() async throws {
        try await APIFixture.with { api in
            #expect(try await api.get("/api/limits").json()["exposure"]["live"]["limit"].isNull)
            let body = #"{"exposure": {"live": "100000.5", "paper": 7}}"#
            let set = try await api.put("/api/limits", body)
            #expect(set.status == .ok)
            #expect(try set.json()["exposure"]["live"]["limit"].string == "100000.5")
            #expect(try set.json()["exposure"]["live"]["used"].string == "0")
            let removed = try await api.put("/api/limits", #"{"exposure": {"live": null}}"#).json()["exposure"]
            #expect(removed["live"]["limit"].isNull && removed["paper"]["limit"].string == "7")
            let wrong = try await api.put("/api/limits", #"{"exposure": {"live": "0", "both": "1"}}"#)
            let problem = try wrong.problem(.unprocessableContent, "invalid-fields")
            #expect(problem.fields == ["exposure.both", "exposure.live"])
        }
    }

    @Test("answers 409 with the running one if the market is taken")
    func conflict() async throws {
        try await APIFixture.with { api in
            let id = try await api.started()
            let problem = try await api.start().problem(.conflict, "taken")
            #expect(problem["strategy"]["id"].int == id)
            #expect(problem["strategy"]["status"].string == "running")
            // Elsewhere it is free.
            let other = try await api.start("BTCUSDT", #""mode": "scalp", "interval": "1m", "exchange": "Kraken""#)
            #expect(other.status == .created)
            #expect(try other.json()["exchange"].string == "kraken")
        }
    }

    @Test("of many at once one gets 201 and all others 409 with the same strategy")
    func concurrent() async throws {
        try await APIFixture.with { api in
            let answers = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
                for _ in 0..<60 {
                    group.addTask {
                        let response = try await api.start()
                        let json = try response.json()
                        return (response.status.code, json["id"].int + json["strategy"]["id"].int + 1)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.filter { $0.0 == 201 }.count == 1)
            #expect(answers.filter { $0.0 == 409 }.count == 59)
            #expect(Set(answers.map(\.1)).count == 1)
        }
    }

    @Test("names every field that is wrong, by syntax and by what there is")
    func everyField() async throws {
        try await APIFixture.offline { api in
            let response = try await api.post(
                "/api/live-strategy/start",
                """
                {"symbol": "BTC USDT", "mode": "warp", "interval": "7m", "exchange": "a/b", "execution": "real",
                 "config": {"quick": 1}, "leverage": 10, "Symbol": "x"}
                """
            )
            let problem = try response.problem(.unprocessableContent, "invalid-fields")
            #expect(
                Set(problem.fields) == [
                    "symbol", "mode", "interval", "exchange", "execution", "config.quick", "leverage", "Symbol",
                ]
            )
            let messages = Dictionary(
                uniqueKeysWithValues: problem["errors"].array.map { ($0["field"].string, $0["message"].string) }
            )
            #expect(messages["mode"]?.contains("\"scalp\"") == true)
            #expect(messages["interval"]?.contains("\"15m\"") == true)
            #expect(messages["execution"]?.contains("\"paper\", \"live\"") == true)
            #expect(messages["leverage"]?.contains("interval") == true)
        }
    }

    @Test("names what is missing")
    func missing() async throws {
        try await APIFixture.offline { api in
            let problem = try await api.post("/api/live-strategy/start", "{}")
                .problem(.unprocessableContent, "invalid-fields")
            #expect(problem.fields == ["symbol", "mode", "interval"])
        }
    }

    @Test(
        "names a field of the wrong type",
        arguments: [
            ("symbol", "1"), ("symbol", "true"), ("symbol", "[]"), ("mode", "{}"), ("mode", #""""#),
            ("mode", #""a\u0007""#),
            ("interval", "60"), ("exchange", "1"), ("exchange", #""""#), ("execution", "false"),
            ("execution", #""live""#),
            ("config", "[]"), ("config", #""x""#), ("symbol", #""DOGEUSDT""#),
        ]
    )
    func wrongType(field: String, value: String) async throws {
        try await APIFixture.offline { api in
            var members = ["symbol": #""BTCUSDT""#, "mode": #""scalp""#, "interval": #""1m""#]
            members[field] = value
            let body = "{" + members.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}"
            let problem = try await api.post("/api/live-strategy/start", body)
                .problem(.unprocessableContent, "invalid-fields")
            #expect(problem.fields == [field])
        }
    }

    @Test("a null says the same as nothing")
    func nulls() async throws {
        try await APIFixture.with { api in
            let response = try await api.start(
                "BTCUSDT",
                #""mode": "scalp", "interval": "1m", "exchange": null, "execution": null, "config": null"#
            )
            #expect(response.status == .created)
        }
    }

    @Test("answers 503 if what it needs to know cannot be asked now")
    func unavailable() async throws {
        try await APIFixture.offline { api in
            let response = try await api.start("AWAYUSDT")
            _ = try response.problem(.serviceUnavailable, "unavailable")
            #expect(response.headers[.retryAfter] == "1")
        }
    }

    @Test("answers an error that should not happen with nothing but the request's id")
    func unexpected() async throws {
        try await APIFixture.offline { api in
            let response = try await api.start("BUGUSDT")
            _ = try response.problem(.internalServerError, "unexpected")
            #expect(!response.text.contains("Unforeseen"))
        }
    }
}
