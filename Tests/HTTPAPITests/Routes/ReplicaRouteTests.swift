import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import Postgres
import TestSupport
import Testing

@Suite("Replicas", .timeLimit(.minutes(5)))
struct ReplicaRouteTests {
    @Test("a drain is marked on the replica's row, once, and answered with the replica")
    func drain() async throws {
        try await APIFixture.with { api in
            #expect(try await api.get("/api/replicas/1").json()["status"].string == "live")
            #expect(try await api.get("/api/replicas/1").json()["drain_requested_at"].isNull)
            let first = try await api.post("/api/replicas/1/drain", "")
            #expect(first.status == .accepted)
            #expect(first.headers[.location] == "/api/replicas/1")
            let replica = try first.json()
            #expect(replica["id"].int == 1 && replica["status"].string == "draining")
            let at = replica["drain_requested_at"].string
            #expect(!at.isEmpty)
            let again = try await api.post("/api/replicas/1/drain", "")
            #expect(again.status == .accepted)
            #expect(try again.json()["drain_requested_at"].string == at)
            let events = try await api.pool.query("SELECT kind FROM tenure.events WHERE replica_id = 1")
            let kinds: [String] = try events.map { try $0.decode(String.self) }
            #expect(kinds == ["drain_requested"])
        }
    }

    @Test("a replica that never was, is fenced or is no number is not found", arguments: ["2", "0", "01", "x", "-1"])
    func unknown(id: String) async throws {
        try await APIFixture.with { api in
            _ = try await api.get("/api/replicas/\(id)").problem(.notFound, "no-such-replica")
            _ = try await api.post("/api/replicas/\(id)/drain", "").problem(.notFound, "no-such-replica")
        }
    }

    @Test("a fenced replica is shown for a while, and cannot be drained")
    func fenced() async throws {
        try await APIFixture.with { api in
            try await api.pool.query("UPDATE tenure.replicas SET fenced_at = clock_timestamp() WHERE id = 1")
            #expect(try await api.get("/api/replicas/1").json()["status"].string == "fenced")
            _ = try await api.post("/api/replicas/1/drain", "").problem(.notFound, "no-such-replica")
            let marked = try await api.pool.query("SELECT FROM tenure.replicas WHERE draining")
            #expect(marked.isEmpty)
        }
    }

    @Test("a replica that leaves asks clients not to keep their connections, and answers all the same")
    func departure() async throws {
        try await APIFixture.with { api in
            #expect(try await api.get("/api/replicas").headers[.connection] == nil)
            api.readiness.set(.unready(.draining, detail: "It goes."))
            let response = try await api.get("/api/replicas")
            #expect(response.status == .ok && response.headers[.connection] == "close")
            #expect(try await api.get("/readyz").headers[.connection] == "close")
        }
    }
}
