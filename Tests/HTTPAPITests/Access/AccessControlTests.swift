import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Synchronization
import Testing
import Trading

@testable import HTTPAPI

@Suite("Who may do what", .timeLimit(.minutes(5)))
struct AccessControlTests {
    private static func made(_ role: AccessRole, expires: String? = nil) throws -> (token: String, entry: String) {
        let day = try expires.map { try #require(CalendarDay($0)) }
        return AccessToken.make(name: "the-\(role.rawValue)", role: role, expires: day)
    }

    private static func bearer(_ token: String) -> HTTPFields { [.authorization: "Bearer \(token)"] }

    /// Every route, from the list that GET /api shows.
    private static func routes(_ api: APIFixture) async throws -> [(method: HTTPRequest.Method, path: String)] {
        var routes: [(method: HTTPRequest.Method, path: String)] = []
        for line in try await api.get("/api").text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 1, words[1].hasPrefix("/") else { continue }
            let method = try #require(HTTPRequest.Method(rawValue: String(words[0])))
            routes.append((method, String(words[1].replacing("{id}", with: "1"))))
        }
        return routes
    }

    @Test("without a token only what says nothing is answered; with a wrong one too")
    func closed() async throws {
        let tokens = try AccessTokens(Self.made(.admin).entry)
        try await APIFixture.offline(access: AccessControl(tokens)) { api in
            let open: Set<String> = [
                "/", "/dashboard/{file}", "/api", "/openapi.json", "/healthz", "/readyz", "/api/session",
            ]
            let routes = try await Self.routes(api)
            #expect(routes.count > 15)
            for (method, path) in routes {
                for headers in [[:], Self.bearer("tenure_wrong"), [.authorization: "Basic YTpi"]] as [HTTPFields] {
                    let answer = try await api.client.execute(uri: path, method: method, headers: headers)
                    if open.contains(path), method != .get || path != "/api/session" {
                        #expect(answer.status != .unauthorized, "\(method) \(path)")
                    } else {
                        #expect(answer.status == .unauthorized, "\(method) \(path)")
                        #expect(answer.headers[.wwwAuthenticate] == "Bearer")
                        #expect(try answer.json()["type"].string == "urn:tenure:problem:unauthorized")
                    }
                }
            }
        }
    }

    @Test("each role may do what those before it may, and no more")
    func roles() async throws {
        let made = try AccessRole.allCases.map { try Self.made($0) }
        let tokens = try AccessTokens(made.map(\.entry).joined(separator: "\n"))
        try await APIFixture.offline(access: AccessControl(tokens)) { api in
            for (method, path) in try await Self.routes(api) where path.hasPrefix("/api/") && path != "/api/session" {
                let needed: AccessRole =
                    if path == "/api/audit" {
                        .admin
                    } else if method == .get || path == "/api/replay" {
                        .viewer
                    } else if path.hasSuffix("/drain") || method == .delete || path == "/api/limits" {
                        .admin
                    } else {
                        .trader
                    }
                for (role, token) in zip(AccessRole.allCases, made.map(\.token)) {
                    let answer = try await api.client.execute(uri: path, method: method, headers: Self.bearer(token))
                    #expect(answer.status != .unauthorized)
                    #expect((answer.status == .forbidden) == (role < needed), "\(role) \(method) \(path)")
                }
            }
        }
    }

    @Test("a token that expired, and one that was taken away, are void at once")
    func ends() async throws {
        let now = Mutex(try #require(CalendarDay("2027-01-30")).start)
        let (token, entry) = try Self.made(.viewer, expires: "2027-01-31")
        let access = AccessControl(try AccessTokens(entry)) { now.withLock { $0 } }
        try await APIFixture.offline(access: access) { api in
            func isLetIn() async throws -> Bool {
                try await api.get("/api/session", headers: Self.bearer(token)).status == .ok
            }
            #expect(try await isLetIn())
            now.withLock { $0 = $0 + 86_399_999 }
            #expect(try await isLetIn())
            now.withLock { $0 = $0 + 1 }
            #expect(try await !isLetIn())
            now.withLock { $0 = $0 - 1 }
            #expect(try await isLetIn())
            access.replace(try AccessTokens(Self.made(.viewer).entry))
            #expect(try await !isLetIn())
        }
    }

    @Test("a browser signs in with a cookie that scripts and other sites cannot use, and out again")
    func cookies() async throws {
        let (token, entry) = try Self.made(.trader)
        try await APIFixture.offline(access: AccessControl(try AccessTokens(entry))) { api in
            #expect(try await api.post("/api/session", #"{"token": "tenure_no"}"#).status == .unauthorized)
            #expect(try await api.post("/api/session", #"{"token": "a;b"}"#).status == .unprocessableContent)
            #expect(try await api.post("/api/session", "{}").status == .unprocessableContent)
            let signedIn = try await api.post(
                "/api/session",
                #"{"token": "\#(token)"}"#,
                headers: [HTTPField.Name("X-Forwarded-Proto")!: "https"]
            )
            #expect(try signedIn.json()["role"].string == "trader")
            let cookie = try #require(signedIn.headers[.setCookie])
            for attribute in ["tenure_token=\(token)", "HttpOnly", "SameSite=Strict", "Path=/", "Secure"] {
                #expect(cookie.contains(attribute), "\(cookie)")
            }
            let headers: HTTPFields = [.cookie: "other=1; tenure_token=\(token)"]
            let session = try await api.get("/api/session", headers: headers)
            #expect(try session.json()["name"].string == "the-trader")
            let out = try await api.client.execute(uri: "/api/session", method: .delete, headers: headers)
            #expect(out.status == .noContent && out.headers[.setCookie]?.contains("Max-Age=0") == true)
        }
    }

    @Test(
        "pages of other sites change nothing, with or without tokens",
        arguments: [
            ("Sec-Fetch-Site", "cross-site", true), ("Sec-Fetch-Site", "same-site", true),
            ("Sec-Fetch-Site", "same-origin", false), ("Sec-Fetch-Site", "none", false),
            ("Origin", "https://evil.example", true), ("Origin", "null", true), ("Origin", "http://localhost", false),
        ]
    )
    func otherSites(name: String, value: String, isRefused: Bool) async throws {
        try await APIFixture.offline { api in
            let headers: HTTPFields = [HTTPField.Name(name)!: value]
            let answer = try await api.client.execute(uri: "/api/replicas/1/drain", method: .post, headers: headers)
            #expect((answer.status == .forbidden) == isRefused)
            // Looking is harmless: the browser shows the answer to nobody.
            #expect(try await api.get("/api/session", headers: headers).status == .ok)
        }
    }

    @Test("who started, paused and stopped something stands in its events")
    func record() async throws {
        let (token, entry) = try Self.made(.trader)
        try await APIFixture.with(access: AccessControl(try AccessTokens(entry))) { api in
            let headers = Self.bearer(token)
            let start = #"{"symbol": "BTCUSDT", "mode": "scalp", "interval": "1m"}"#
            let id = try await api.post("/api/live-strategy/start", start, headers: headers).json()["id"].int
            for step in ["pause", "resume", "stop"] {
                let answer = try await api.post(
                    "/api/live-strategy/\(step)",
                    #"{"symbol": "BTCUSDT"}"#,
                    headers: headers
                )
                #expect(answer.status == .ok)
            }
            let events = try await api.get("/api/live-strategy/\(id)/events", headers: headers).json()["items"].array
            let who = events.map { ($0["kind"].string, $0["details"]["by"]) }
            for kind in ["started", "paused", "resumed", "stop_requested"] {
                #expect(who.first { $0.0 == kind }?.1.string == "the-trader", "\(kind)")
            }
        }
    }
}
