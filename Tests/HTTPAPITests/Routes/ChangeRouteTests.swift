import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import Postgres
import TestSupport
import Testing
import Trading

@Suite("PATCH /api/live-strategy/{id}", .timeLimit(.minutes(5)))
struct ChangeRouteTests {
    private func path(_ id: Int) -> String { "/api/live-strategy/\(id)" }

    @Test("what is given replaces, a null brings the default back, the rest stays; each change is a version")
    func patch() async throws {
        try await APIFixture.with {
            $0.defaultLimits = RiskLimits(dailyLoss: "500")
        } _: { api in
            let started = try await api.start(
                "BTCUSDT",
                #""mode":"scalp","interval":"1m","limits":{"order_value":"100"}"#
            )
            #expect(started.headers[.eTag] == "\"1\"")
            let id = try started.json()["id"].int
            #expect(try started.json()["version"].int == 1)
            #expect(try started.json()["applied_version"].int == 0)

            let first = try await api.patch(path(id), #"{"config":{"fast":"7"},"limits":{"daily_loss":"200"}}"#)
            #expect(first.status == .ok)
            #expect(first.headers[.eTag] == "\"2\"")
            let changed = try first.json()
            #expect(changed["version"].int == 2)
            #expect(changed["config"]["fast"].string == "7" && changed["config"]["slow"].string == "20")
            #expect(changed["limits"]["order_value"].string == "100")
            #expect(changed["limits"]["daily_loss"].string == "200")
            #expect(try await api.get(path(id)).headers[.eTag] == "\"2\"")

            let back = try await api.patch(path(id), #"{"config":{"fast":null},"limits":{"daily_loss":null}}"#).json()
            #expect(back["version"].int == 3)
            #expect(back["config"]["fast"].string == "5")
            #expect(back["limits"]["daily_loss"].string == "500")
            #expect(back["limits"]["order_value"].string == "100")
            let all = try await api.patch(path(id), #"{"limits":null}"#).json()
            #expect(all["version"].int == 4)
            #expect(all["limits"].keys == ["daily_loss"])

            let events = try await api.get(path(id) + "/events").json()["items"].array
            #expect(events.filter { $0["kind"].string == "changed" }.count == 3)
            let change = events.last { $0["kind"].string == "changed" }?["details"]["changes"]
            #expect(change?["config"]["fast"]["from"].string == "5")
            #expect(change?["config"]["fast"]["to"].string == "7")
            #expect(change?["limits"]["daily_loss"]["from"].string == "500")
            #expect(change?["config"].keys == ["fast"])
        }
    }

    @Test(
        "what is so already makes no version",
        arguments: ["{}", #"{"config":{}}"#, #"{"config":{"fast":"5"}}"#, #"{"config":null,"limits":null}"#]
    )
    func nothing(body: String) async throws {
        try await APIFixture.with { api in
            let id = try await api.started()
            let answer = try await api.patch(path(id), body)
            #expect(answer.status == .ok)
            #expect(try answer.json()["version"].int == 1)
        }
    }

    @Test("of two changes for one version one is made, the other hears of it; without a version both are")
    func ifMatch() async throws {
        try await APIFixture.with { api in
            let id = try await api.started()
            let condition = try #require(try await api.get(path(id)).headers[.eTag])
            let answers = try await withThrowingTaskGroup(of: TestResponse.self) { group in
                for value in 0..<8 {
                    group.addTask {
                        try await api.patch(
                            path(id),
                            #"{"config":{"fast":"1\#(value)"}}"#,
                            headers: [.ifMatch: condition]
                        )
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.count { $0.status == .ok } == 1)
            for answer in answers where answer.status != .ok {
                let problem = try answer.problem(.preconditionFailed, "other-version")
                #expect(problem["strategy"]["version"].int == 2)
                #expect(problem["detail"].string.contains("2"))
                #expect(answer.headers[.eTag] == "\"2\"")
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for value in 0..<8 {
                    group.addTask {
                        let answer = try await api.patch(path(id), #"{"config":{"fast":"2\#(value)"}}"#)
                        #expect(answer.status == .ok)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await api.get(path(id)).json()["version"].int == 10)
            for condition in ["*", #""1", "10""#] {
                let answer = try await api.patch(path(id), "{}", headers: [.ifMatch: condition])
                #expect(answer.status == .ok)
            }
            for condition in ["10", #"W/"10""#, "\"", "", #""a""#] {
                let answer = try await api.patch(path(id), "{}", headers: [.ifMatch: condition])
                _ = try answer.problem(.badRequest, "invalid-condition")
            }
        }
    }

    @Test("every field that is wrong is named, and nothing is done")
    func invalid() async throws {
        try await APIFixture.with { api in
            let id = try await api.started()
            let body = """
                {"config":{"nonsense":1,"gone":null},"limits":{"daily_loss":"-1","what":1},"mode":"breakout","interval":"5m",
                "symbol":"ETHUSDT","exchange":"x","execution":"live","other":1}
                """
            let problem = try await api.patch(path(id), body).problem(.unprocessableContent, "invalid-fields")
            #expect(
                Set(problem.fields) == [
                    "config.nonsense", "config.gone", "limits.daily_loss", "limits.what", "mode", "interval", "symbol",
                    "exchange", "execution", "other",
                ]
            )
            let fixed = problem["errors"].array.first { $0["field"].string == "interval" }
            #expect(fixed?["message"].string.contains("stop") == true)
            for body in [#"{"config":1}"#, #"{"limits":[]}"#] {
                _ = try await api.patch(path(id), body).problem(.unprocessableContent, "invalid-fields")
            }
            _ = try await api.patch(path(id), "[]").problem(.unprocessableContent, "not-an-object")
            #expect(try await api.get(path(id)).json()["version"].int == 1)
        }
    }

    @Test("what is not active cannot be changed, nor what is being stopped")
    func notActive() async throws {
        try await APIFixture.with {
            $0.startWait = .milliseconds(20)
            $0.stopWait = .milliseconds(20)
        } _: { api in
            _ = try await api.patch(path(99), "{}").problem(.notFound, "no-such-strategy")
            let id = try await api.started("SLOWUSDT")
            _ = try await api.stop("SLOWUSDT")
            let problem = try await api.patch(path(id), #"{"config":{"fast":"7"}}"#).problem(.conflict, "stopping")
            #expect(problem["strategy"]["id"].int == id)
            let gone = try await api.started("BTCUSDT")
            _ = try await api.stop("BTCUSDT")
            try await eventually("it is stopped") {
                try await api.get(path(gone)).json()["status"].string == "stopped"
            }
            _ = try await api.patch(path(gone), "{}").problem(.notFound, "not-active")
        }
    }

    @Test("a repeated change gets the first answer, and is not made again")
    func repeated() async throws {
        try await APIFixture.with { api in
            let id = try await api.started()
            let headers: HTTPFields = [.idempotencyKey: "one", .ifMatch: "\"1\""]
            let first = try await api.patch(path(id), #"{"config":{"fast":"7"}}"#, headers: headers)
            #expect(first.status == .ok)
            #expect(try await api.patch(path(id), #"{"config":{"fast":"8"}}"#).status == .ok)
            let again = try await api.patch(path(id), #"{"config":{"fast":"7"}}"#, headers: headers)
            #expect(again.status == .ok && again.text == first.text)
            #expect(try await api.get(path(id)).json()["version"].int == 3)
            var other = headers
            other[.ifMatch] = "\"3\""
            _ = try await api.patch(path(id), #"{"config":{"fast":"7"}}"#, headers: other)
                .problem(.unprocessableContent, "key-of-another")
        }
    }
}
