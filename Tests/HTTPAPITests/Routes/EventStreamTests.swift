import AsyncHTTPClient
import HTTPTypes
import HummingbirdTesting
import Logging
import NIOCore
import Postgres
import Synchronization
import TestSupport
import Testing

@Suite("The event stream", .serialized, .timeLimit(.minutes(5)))
struct EventStreamTests {
    @Test("what happens arrives in order, with ids to resume from, and nothing is lost or repeated by coming back")
    func resumes() async throws {
        try await APIFixture.with(setup: .live) { api in
            let first = try await api.read { messages in
                try await api.happen(1...3)
                return try await messages.next(3)
            }
            #expect(first.map(\.number) == [1, 2, 3])
            #expect(first.allSatisfy { $0.kind == "test" })
            // While nobody reads.
            try await api.happen(4...1_200)
            let second = try await api.read(after: first[1].id) { try await $0.next(1_198) }
            #expect(second.map(\.number) == Array(3...1_200))
        }
    }

    @Test("a transaction that ends late is waited for")
    func late() async throws {
        try await APIFixture.with(setup: .live) { api in
            let numbers = try await api.read { messages in
                let slow = try await PostgresConnection.connect(
                    patient(api.url),
                    logger: Logger(label: "test")
                )
                try await slow.query("BEGIN")
                try await slow.query("INSERT INTO tenure.events (kind, details) VALUES ('test', '{\"n\": 1}')")
                try await api.happen(2...3)
                // Several looks see the later ones.
                try await Task.sleep(for: .milliseconds(700))
                try await slow.query("COMMIT")
                await slow.close()
                return try await messages.next(3).map(\.number)
            }
            #expect(numbers == [1, 2, 3])
        }
    }

    @Test("what was rolled back leaves a hole that holds up nobody")
    func rolledBack() async throws {
        try await APIFixture.with(setup: .live) { api in
            let numbers = try await api.read { messages in
                await #expect(throws: PostgresError.self) {
                    try await api.pool.query(
                        "WITH e AS (INSERT INTO tenure.events (kind) VALUES ('test') RETURNING id) SELECT 1 / (id - id) FROM e"
                    )
                }
                try await api.happen(1...1)
                return try await messages.next(1).map(\.number)
            }
            #expect(numbers == [1])
        }
    }

    @Test("one strategy's events can be asked for alone")
    func oneStrategy() async throws {
        try await APIFixture.with(setup: .live) { api in
            let other = try await api.started("ETHUSDT")
            let id = try await api.started("BTCUSDT")
            let kinds = try await api.read(query: "?last_event_id=0&strategy=\(id)") { messages in
                _ = try await api.stop("ETHUSDT")
                try await api.pool.query(
                    "INSERT INTO tenure.events (kind, strategy_id) VALUES ('x', \(Int64(other))), ('y', \(Int64(id)))"
                )
                return try await messages.next(2).map(\.kind)
            }
            #expect(kinds == ["started", "y"])
        }
    }

    @Test("a graceful shutdown ends the stream at once")
    func shutdown() async throws {
        let rest = Mutex<Task<String, any Error>?>(nil)
        try await APIFixture.with(setup: .live) { api in
            let port = try #require(api.client.port)
            let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/api/events")
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(240))
            // A task of its own, because it outlives the server.
            rest.withLock { $0 = Task { String(buffer: try await response.body.collect(upTo: 1 << 20)) } }
        }
        let text = try await #require(rest.withLock { $0 }).value
        #expect(text.hasPrefix("retry: "))
    }

    @Test("a reader that takes nothing is dropped, and the others notice nothing")
    func slowReader() async throws {
        try await APIFixture.with(writeLimit: .seconds(3), setup: .live) { api in
            try await api.pool.query(
                """
                INSERT INTO tenure.events (kind, details)
                SELECT 'test', jsonb_build_object('n', n, 'text', repeat('x', 100000)) FROM generate_series(1, 300) n
                """
            )
            // It has little to take, so that it always can.
            let received = try await api.read { messages in
                let slow = try SilentReader(port: #require(api.client.port), path: "/api/events?last_event_id=0")
                try await api.happen(301...303)
                let before = try await messages.next(3)
                try await eventually("the slow one is dropped") {
                    api.log.all.contains { $0.hasPrefix("A reader of the event stream was dropped") }
                }
                let rest = slow.readToTheEnd()
                let bytes = try #require(rest, "the connection is still open")
                #expect(bytes < 300 * 100_000)
                try await api.happen(304...304)
                return try await before + messages.next(1)
            }
            #expect(received.map(\.number) == [301, 302, 303, 304])
            #expect(api.log.all.count { $0.hasPrefix("A reader of the event stream was dropped") } == 1)
        }
    }

    @Test(
        "a bad position is refused with a word",
        arguments: ["?last_event_id=x", "?last_event_id=-1", "?strategy=0", "?strategy=BTCUSDT", "?since=1"]
    )
    func badQuery(query: String) async throws {
        try await APIFixture.with { api in
            _ = try await api.get("/api/events\(query)").problem(.badRequest, "invalid-query")
        }
    }
}
