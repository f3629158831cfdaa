import AsyncHTTPClient
import LocalCluster
import NIOCore
import NIOHTTP1
import TestSupport
import Testing
import Trading

/// The same request through several replicas at the same moment.
@Suite(.serialized, .timeLimit(.minutes(20)))
struct StartRaceTests {
    /// A thousand with `TENURE_LONG=1`.
    private static let rounds = ProcessEnvironment.current["TENURE_LONG"] == "1" ? 1_000 : 100

    /// Markets that are raced for at once.
    private static let width = 10

    @Test("of two starts through two replicas at the same moment one is done, and the other is told of it")
    func race() async throws {
        let markets = "\(Self.rounds)"
        try await withCluster(replicas: 2, simulator: ["--listed-markets", markets]) { cluster in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for round in 0..<Self.rounds {
                    if round >= Self.width { try await group.next() }
                    group.addTask {
                        try await Self.race(for: "SIM\(String(10_001 + round).suffix(4))USDT", in: cluster)
                    }
                }
                try await group.waitForAll()
            }
            let count = "\(Self.rounds)"
            #expect(try await cluster.sql("SELECT count(*) FROM tenure.active_strategies") == count)
            #expect(try await cluster.sql("SELECT count(*) FROM tenure.events WHERE kind = 'started'") == count)
        }
    }

    private static func race(for symbol: String, in cluster: TestCluster) async throws {
        let replicas = cluster.cluster.replicas
        let body = #"{"symbol":"\#(symbol)","mode":"scalp","interval":"1h"}"#
        async let first = cluster.post("/api/live-strategy/start", body, to: replicas[0])
        async let second = cluster.post("/api/live-strategy/start", body, to: replicas[1])
        let answers = try await [first, second].sorted { $0.status < $1.status }
        // On a slow machine it may take longer than the answer waits.
        #expect([201, 202].contains(answers[0].status), "\(answers[0].body.text)")
        #expect(answers[1].status == 409, "\(answers[1].body.text)")
        #expect(answers[1]["strategy"]?["id"]?.integer == answers[0]["id"]?.integer)
    }

    @Test("a start with a key is repeated through another replica, whose first one has been killed, and was done once")
    func repeated() async throws {
        try await withCluster(replicas: 2) { cluster in
            let replicas = cluster.cluster.replicas
            func start(_ symbol: String, through replica: Replica) async throws -> TestCluster.Answer {
                var request = HTTPClientRequest(url: "\(replica.url)/api/live-strategy/start")
                request.method = .POST
                request.headers.add(name: "content-type", value: "application/json")
                request.headers.add(name: "idempotency-key", value: "6f1c2f4e-0b8e-4c0c-8a51-2f3f9c7f1f11")
                request.body = .bytes(ByteBuffer(string: #"{"symbol":"\#(symbol)","mode":"scalp","interval":"1s"}"#))
                return try await cluster.send(request)
            }
            let first = try await start("BTCUSDT", through: replicas[0])
            await replicas[0].kill()
            let second = try await start("BTCUSDT", through: replicas[1])
            #expect(second["id"]?.integer == first["id"]?.integer)
            if first.status == 201 { #expect(second.status == 201 && second.body == first.body) }
            #expect(try await start("ETHUSDT", through: replicas[1]).status == 422)
            #expect(try await cluster.sql("SELECT count(*) FROM tenure.events WHERE kind = 'started'") == "1")
        }
    }
}
