import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import Postgres
import Store
import TestSupport
import Testing

@Suite("The halt over HTTP", .timeLimit(.minutes(5)))
struct HaltRouteTests {
    @Test("a halt is answered once every replica has heard it, and shows everywhere until it is lifted")
    func life() async throws {
        try await APIFixture.with { api in
            #expect(try await api.get("/api/halt").json()["halted"].bool == false)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // The replica's part.
                    let halts = HaltRepository(database: api.pool)
                    try await eventually("the halt") { try await halts.current().isHalted }
                    _ = try await halts.hear(instance: "i", number: try await halts.current().number)
                }
                let answer = try await api.post("/api/halt", #"{"reason": "prices are wrong"}"#)
                #expect(answer.status == .ok)
                let json = try answer.json()
                #expect(json["halted"].bool && json["reason"].string == "prices are wrong")
                #expect(!json["since"].string.isEmpty && json["awaited"].array.isEmpty)
                try await group.waitForAll()
            }
            #expect(try await api.get("/api/halt").json()["halted"].bool)
            #expect(try await api.get("/api/overview").json()["halt"]["reason"].string == "prices are wrong")
            api.readiness.setHalted(true)
            #expect(try await api.get("/readyz").json()["halted"].bool)
            let again = try await api.post("/api/halt", #"{"reason": "me too"}"#).json()
            #expect(again["reason"].string == "prices are wrong")
            for _ in 0..<2 {
                let lifted = try await api.client.execute(uri: "/api/halt", method: .delete)
                #expect(lifted.status == .ok)
                #expect(try !lifted.json()["halted"].bool)
            }
            #expect(try await api.get("/api/overview").json()["halt"]["halted"].bool == false)
        }
    }

    @Test("who has not heard it in time is named, with 202")
    func silent() async throws {
        try await APIFixture.with {
            $0.stopWait = .milliseconds(50)
        } _: { api in
            let answer = try await api.post("/api/halt", "{}")
            #expect(answer.status == .accepted)
            #expect(try answer.json()["awaited"][0]["name"].string == "alpha")
            #expect(try await api.get("/api/halt").json()["awaited"][0]["id"].int == 1)
        }
    }

    @Test("a stop that is to close its position is refused during a halt, and one that keeps it is not")
    func closing() async throws {
        try await APIFixture.with {
            $0.stopWait = .milliseconds(50)
        } _: { api in
            _ = try await api.started()
            _ = try await api.post("/api/halt", #"{"reason": "prices are wrong"}"#)
            let refused = try await api.stop("BTCUSDT", #", "positions": "close""#).problem(.conflict, "halted")
            #expect(refused["detail"].string.contains("prices are wrong"))
            #expect(try await api.stop("BTCUSDT").status.code / 100 == 2)
        }
    }

    @Test(
        "a reason must be words for people",
        arguments: [#"{"reason": ""}"#, #"{"reason": 5}"#, #"{"reason": "a\u0001b"}"#, #"{"why": "x"}"#, "[]"]
    )
    func invalid(body: String) async throws {
        try await APIFixture.with { api in
            let answer = try await api.post("/api/halt", body)
            #expect(answer.status == .unprocessableContent)
            let halt = try await api.get("/api/halt").json()
            #expect(!halt["halted"].bool)
        }
    }
}
