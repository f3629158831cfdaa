import Glibc
import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import LocalCluster
import NIOCore
import Postgres
import TestSupport
import Testing

@Suite("Health", .timeLimit(.minutes(5)))
struct HealthTests {
    @Test(
        "ready is 200; everything else is 503 with the reason, and alive all the same",
        arguments: UnreadyReason.allCases
    )
    func readiness(reason: UnreadyReason) async throws {
        try await APIFixture.offline { api in
            #expect(try await api.get("/readyz").json()["status"].string == "ready")
            api.readiness.set(.unready(reason, detail: "It will be ready when that is over."))
            let response = try await api.get("/readyz")
            let problem = try response.problem(.serviceUnavailable, "not-ready")
            #expect(problem["reason"].string == reason.rawValue)
            #expect(response.headers[.retryAfter] == "1")
            #expect(try await api.get("/healthz").json()["status"].string == "alive")
            #expect(try await api.client.execute(uri: "/readyz", method: .head).status == .serviceUnavailable)
        }
    }

    @Test("without the schema the answer says how to get it")
    func noSchema() async throws {
        try await APIFixture.with(owned: false) { api in
            try await api.pool.query("DROP SCHEMA tenure CASCADE")
            let problem = try await api.get("/api/live-strategy/status").problem(.serviceUnavailable, "schema")
            #expect(problem["detail"].string.contains("tenure migrate"))
        }
    }

    @Test("when the database goes away every request is answered 503 soon, and all is well when it is back")
    func databaseDown() async throws {
        try await withPrivateServer(isDurable: false) { server in
            try await APIFixture.serve(
                server.connectionString(),
                owned: false,
                acquireTimeout: .milliseconds(200),
                setup: .router,
                APIConfiguration(port: 0)
            ) { api in
                let client = api.client
                // No schema is enough of an answer to see that the database was asked.
                try await eventually("the database is asked") {
                    try await client.execute(uri: "/api/replicas", method: .get).text.contains("schema")
                }
                await server.stop(.fast)
                let start = ContinuousClock.now
                for path in ["/api/live-strategy/status", "/api/replicas", "/api/live-strategy/1/orders"] {
                    let response = try await client.execute(uri: path, method: .get)
                    _ = try response.problem(.serviceUnavailable, "database-unavailable")
                    #expect(response.headers[.retryAfter] != nil)
                    #expect(!response.text.contains("SELECT"))
                }
                let body = ByteBuffer(string: #"{"symbol": "BTCUSDT", "mode": "scalp", "interval": "1m"}"#)
                for action in ["start", "stop"] {
                    let body = action == "start" ? body : ByteBuffer(string: #"{"symbol": "BTCUSDT"}"#)
                    let response = try await client.execute(
                        uri: "/api/live-strategy/\(action)",
                        method: .post,
                        headers: [.contentType: "application/json"],
                        body: body
                    )
                    _ = try response.problem(.serviceUnavailable, "database-unavailable")
                }
                #expect(ContinuousClock.now - start < .seconds(100))
                #expect(try await client.execute(uri: "/healthz", method: .get).status == .ok)
                try await server.start()
                try await eventually("the API is back") {
                    try await client.execute(uri: "/api/replicas", method: .get).text.contains("schema")
                }
            }
        }
    }

    @Test("when the database hangs every request is answered 503 soon, and all is well when it goes on")
    func databaseHangs() async throws {
        try await withPrivateServer(isDurable: false) { server in
            try await APIFixture.serve(
                server.connectionString(),
                owned: false,
                acquireTimeout: .milliseconds(200),
                statementTimeout: .milliseconds(300),
                setup: .router,
                APIConfiguration(port: 0)
            ) { api in
                try await eventually("the database is asked") {
                    try await api.get("/api/replicas").text.contains("schema")
                }
                try await eventually("all connections are open") { api.pool.openConnections == 4 }
                // All that this server runs: the postmaster, which has no further children from now on, and its children.
                let postmaster = try #require(server.process?.pid)
                kill(postmaster, SIGSTOP)
                defer { kill(postmaster, SIGCONT) }
                let rows = try await api.pool.query("SELECT pid FROM pg_stat_activity WHERE pid IS NOT NULL")
                let children: [Int32] = try rows.map { try $0.decode(Int32.self) }
                for pid in children { kill(pid, SIGSTOP) }
                defer { for pid in children { kill(pid, SIGCONT) } }
                let start = ContinuousClock.now
                for _ in 0..<3 {
                    _ = try await api.get("/api/replicas").problem(.serviceUnavailable, "database-unavailable")
                }
                #expect(ContinuousClock.now - start < .seconds(100))
                for pid in children + [postmaster] { kill(pid, SIGCONT) }
                try await eventually("the API is back") { try await api.get("/api/replicas").text.contains("schema") }
            }
        }
    }
}
