import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import NIOCore
import TestSupport
import Testing

/// What is sent wrongly, in excess or slowly, on real sockets.
@Suite("Connections that misbehave", .timeLimit(.minutes(5)))
struct ConnectionTests {
    private static let start = "POST /api/live-strategy/start HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"

    /// What a server says on one connection, in the end.
    private static func exchange(_ api: APIFixture, _ text: String) async throws -> String? {
        let connection = try await RawConnection(port: try #require(api.client.port))
        connection.send(text)
        return try await connection.readToTheEnd()
    }

    @Test("headers that are too large or too many are refused with a problem, and the connection ends")
    func headers() async throws {
        try await APIFixture.with(owned: false, setup: .live) { api in
            let large = "X-Large: \(String(repeating: "a", count: 40_000))\r\n"
            let many = (0..<200).map { "X-\($0): a\r\n" }.joined()
            for headers in [large, many] {
                let answer = try #require(
                    try await Self.exchange(api, "GET /healthz HTTP/1.1\r\nHost: a\r\n\(headers)\r\n")
                )
                #expect(answer.hasPrefix("HTTP/1.1 431 "), "\(answer.prefix(200))")
                #expect(answer.lowercased().contains("content-type: application/problem+json\r\n"))
                #expect(answer.contains("urn:tenure:problem:headers-too-large"))
            }
            #expect(try await api.get("/healthz").status == .ok)
        }
    }

    @Test(
        "what is no HTTP is refused with a problem",
        arguments: ["nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\0\0\0\r\n\r\n"]
    )
    func unreadable(text: String) async throws {
        try await APIFixture.with(owned: false, setup: .live) { api in
            let answer = try #require(try await Self.exchange(api, text))
            #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer.prefix(200))")
            #expect(answer.contains("urn:tenure:problem:unreadable"))
        }
    }

    @Test("a body that does not arrive in time is refused with a problem, and the connection ends")
    func slowBody() async throws {
        try await APIFixture.with(owned: false, setup: .live) {
            $0.requestTimeout = .milliseconds(300)
        } _: { api in
            let answer = try #require(
                try await Self.exchange(api, Self.start + "Content-Length: 100\r\n\r\n{\"symbol\":")
            )
            #expect(answer.hasPrefix("HTTP/1.1 408 "), "\(answer.prefix(300))")
            #expect(answer.contains("urn:tenure:problem:too-slow"))
        }
    }

    @Test("an answer may take longer than a body may, and the connection is good for the next request")
    func slowAnswer() async throws {
        try await APIFixture.with(owned: false, setup: .live) {
            $0.requestTimeout = .milliseconds(300)
            $0.startWait = .milliseconds(1_500)
        } _: { api in
            let connection = try await RawConnection(port: try #require(api.client.port))
            let body = #"{"symbol":"BTCUSDT","mode":"scalp","interval":"1m"}"#
            connection.send(Self.start + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
            let first = try #require(try await connection.readToTheEnd(or: "}"))
            #expect(first.hasPrefix("HTTP/1.1 202 "), "\(first.prefix(300))")
            connection.send("GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let second = try #require(try await connection.readToTheEnd())
            #expect(second.contains("HTTP/1.1 200 "), "\(second.prefix(300))")
        }
    }

    @Test("a request whose head never ends, and a connection that says nothing, are closed; others notice nothing")
    func slowHead() async throws {
        try await APIFixture.with(owned: false, setup: .live) {
            $0.idleTimeout = .seconds(2)
        } _: { api in
            let port = try #require(api.client.port)
            let silent = try await RawConnection(port: port)
            let slow = try await RawConnection(port: port)
            slow.send("GET /healthz HTTP/1.1\r\nX-A: ")
            let began = ContinuousClock.now
            while slow.send("a"), began.duration(to: .now) < .seconds(100) {
                let request = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                #expect(try await Self.exchange(api, request)?.hasPrefix("HTTP/1.1 200 ") == true)
            }
            #expect(began.duration(to: .now) < .seconds(100))
            #expect(try await silent.readToTheEnd() == "")
        }
    }

    @Test(
        "whoever opens more connections than are allowed loses its idlest; those that are answered stay, and others come in"
    )
    func superfluous() async throws {
        try await APIFixture.with(owned: false, setup: .live) {
            $0.connectionLimit = 16
            $0.idleTimeout = .seconds(600)
        } _: { api in
            let port = try #require(api.client.port)
            // It is being answered for as long as it likes.
            var reader = IdleConnections()
            try await reader.open(port: port, "GET /api/events HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("the stream's head") { reader.haveAllSpoken }
            reader.drain()
            var idle = IdleConnections()
            for number in 0..<60 {
                try await idle.open(port: port, number % 2 == 0 ? "" : "GET /healthz HTTP/1.1\r\nX-A: ")
                if number % 20 == 19 {
                    let request = "GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                    #expect(try await Self.exchange(api, request)?.hasPrefix("HTTP/1.1 200 ") == true)
                }
            }
            try await eventually("the idlest closed") { idle.openCount <= 16 }
            #expect(idle.openCount >= 8)
            #expect(reader.areAllOpen)
            idle.close()
            reader.close()
        }
    }

    @Test("thousands of connections that say nothing do no harm to the others")
    func idle() async throws {
        try await APIFixture.with(owned: false, setup: .live) {
            $0.idleTimeout = .seconds(600)
        } _: { api in
            let port = try #require(api.client.port)
            // Both ends of each are in this process, whose limit may be low.
            let count = OpenFileLimit.raised() > 21_000 ? 10_000 : 300
            var connections = IdleConnections()
            for _ in 0..<count { try await connections.open(port: port) }
            for _ in 0..<20 { #expect(try await api.get("/healthz").status == .ok) }
            #expect(try await api.get("/api/live-strategy/status").status == .ok)
            #expect(connections.areAllOpen)
            connections.close()
        }
    }
}
