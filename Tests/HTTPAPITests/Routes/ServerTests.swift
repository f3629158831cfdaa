import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Postgres
import Synchronization
import Testing

@Suite("The server on its socket", .timeLimit(.minutes(5)))
struct ServerTests {
    @Test("the whole way works over TCP, on one connection")
    func overTCP() async throws {
        try await APIFixture.with(setup: .live) { api in
            let id = try await api.started()
            #expect(try await api.get("/api/live-strategy/\(id)").json()["status"].string == "running")
            let large = ByteBuffer(string: "{\"symbol\": \"" + String(repeating: "A", count: 3 << 20) + "\"}")
            let refused = try await api.client.execute(
                uri: "/api/live-strategy/start",
                method: .post,
                headers: [.contentType: "application/json"],
                body: large
            )
            _ = try refused.problem(.contentTooLarge, "too-large")
            #expect(try await api.stop().status == .ok)
        }
    }

    @Test("a graceful shutdown lets the request in flight finish")
    func shutdown() async throws {
        let inFlight = Mutex<Task<HTTPResponse.Status, any Error>?>(nil)
        try await APIFixture.with(setup: .live) {
            $0.startWait = .seconds(2)
        } _: { api in
            let port = try #require(api.client.port)
            let client = TestClient(host: "localhost", port: port, configuration: .init(timeout: .seconds(240)))
            client.connect()
            // Sent, recorded, and waiting for its strategy to run when the fixture shuts the server down.
            let request = TestClient.Request(
                "/api/live-strategy/start",
                method: .post,
                headers: [.contentType: "application/json"],
                body: ByteBuffer(string: #"{"symbol": "SLOWUSDT", "mode": "scalp", "interval": "1m"}"#)
            )
            // A task of its own, because it outlives the fixture's body.
            inFlight.withLock {
                $0 = Task {
                    let status = try await client.execute(request).status
                    try await client.shutdown()
                    return status
                }
            }
            while try await api.pool.query("SELECT FROM tenure.strategies").isEmpty {}
        }
        let answer = try #require(inFlight.withLock { $0 })
        #expect(try await answer.value == .accepted)
    }
}
