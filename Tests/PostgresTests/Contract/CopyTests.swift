import Glibc
import LocalCluster
import Postgres
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct CopyTests {
    private struct Refusal: Error {}

    private func expectUsable(_ connection: PostgresConnection) async throws {
        let value = try await connection.query("SELECT 1")[0].decode(Int.self)
        #expect(value == 1)
    }

    private func withTable(_ body: (PostgresConnection) async throws -> Void) async throws {
        try await withConnection { connection in
            try await connection.execute(script: "CREATE TEMP TABLE t (id int PRIMARY KEY, text text)")
            try await body(connection)
            try await expectUsable(connection)
        }
    }

    private func count(_ connection: PostgresConnection) async throws -> Int {
        try await connection.query("SELECT count(*) FROM t")[0].decode(Int.self)
    }

    /// Pieces that are made as they are asked for.
    private func pieces(
        _ make: @escaping @Sendable (Int) async throws -> [UInt8]?
    ) -> AsyncThrowingStream<[UInt8], any Error> {
        let number = Mutex(0)
        return AsyncThrowingStream {
            try await make(
                number.withLock { number in
                    number += 1
                    return number
                }
            )
        }
    }

    @Test func `what is copied in comes out again, pipelined statements before and after it`() async throws {
        try await withTable { connection in
            async let before = connection.query("SELECT 7")[0].decode(Int.self)
            // A row may be spread over several pieces, and a piece may hold several rows.
            let written = try await connection.copyIn(
                "COPY t FROM STDIN",
                from: pieces { number in
                    if number > 30_000 { return nil }
                    let text: String = number % 2 == 1 ? "\(number)\tnum" : "ber\n\(number)\tü\n"
                    return [UInt8](text.utf8)
                }
            )
            #expect(written == 30_000)
            let found1 = try await before
            #expect(found1 == 7)
            var rows: [String] = []
            try await connection.copyOut("COPY (SELECT * FROM t ORDER BY id) TO STDOUT") { copied in
                for try await row in copied { rows.append(String(decoding: row, as: UTF8.self)) }
            }
            #expect(rows.count == 30_000)
            #expect(rows.first == "1\tnumber\n" && rows.last == "30000\tü\n")
            let nothing = try await connection.copyOut("COPY (SELECT 1 WHERE false) TO STDOUT") { copied in
                try await copied.reduce(0) { count, _ in count + 1 }
            }
            #expect(nothing == 0)
            let found2 = try await connection.copyIn("COPY t FROM STDIN", from: pieces { _ in nil })
            #expect(found2 == 0)
        }
    }

    @Test func `the server waits for a consumer that takes its time`() async throws {
        try await withConnection { observer in
            try await withConnection { connection in
                // 200 MB in all, of which only what fits into buffers leaves the server.
                let query: PostgresStatement =
                    "COPY (SELECT repeat('x', 10000) FROM generate_series(1, 20000)) TO STDOUT"
                try await connection.copyOut(query) { rows in
                    var iterator = rows.makeAsyncIterator()
                    _ = try await iterator.next()
                    try await eventually("the server waits") {
                        try await observer.query(
                            "SELECT wait_event FROM pg_stat_activity WHERE pid = \(connection.backendPID)"
                        )[0]
                        .decode("wait_event", as: String?.self) == "ClientWrite"
                    }
                    var count = 1
                    while count < 5000, let row = try await iterator.next() {
                        #expect(row.count == 10_001)
                        count += 1
                    }
                }
                try await expectUsable(connection)
            }
        }
    }

    @Test func `a producer is not asked for more than can be sent`() async throws {
        try await withTable { connection in
            let asked = Counter()
            // Stopped, the server takes nothing.
            #expect(kill(connection.backendPID, SIGSTOP) == 0)
            let copying = Task {
                try await connection.copyIn(
                    "COPY t FROM STDIN",
                    from: pieces { number in
                        asked.enter()
                        if number > 2000 { return nil }
                        let filler = String(repeating: "x", count: 10_000)
                        return [UInt8]("\(number)\t\(filler)\n".utf8)
                    }
                )
            }
            var before = 0
            repeat {
                before = asked.most
                // Nothing announces that nothing more is asked for. On a slow machine this ends too early, never too late.
                try await Task.sleep(for: .milliseconds(200))
            } while before == 0 || asked.most > before
            #expect(asked.most < 1000, "10 MB are more than a socket holds")
            #expect(kill(connection.backendPID, SIGCONT) == 0)
            let found3 = try await copying.value
            #expect(found3 == 2000)
        }
    }

    @Test func `errors of the server fail the copy, and nothing else`() async throws {
        try await withTable { connection in
            let syntax = await #expect(throws: PostgresError.self) {
                try await connection.copyIn("COPY nowhere FROM STDIN", from: pieces { _ in nil })
            }
            #expect(syntax?.sqlState == "42P01")
            let malformed = await #expect(throws: PostgresError.self) {
                try await connection.copyIn(
                    "COPY t FROM STDIN",
                    from: pieces { number in
                        if number > 1000 { return nil }
                        let id: String = number == 500 ? "x" : String(number)
                        return [UInt8]("\(id)\ty\n".utf8)
                    }
                )
            }
            #expect(malformed?.sqlState == "22P02" && malformed?.mayHaveBeenApplied == false)
            let found4 = try await count(connection)
            #expect(found4 == 0)
            let late = await #expect(throws: PostgresError.self) {
                try await connection.copyOut("COPY (SELECT 1 / (5000 - n) FROM generate_series(1, 9000) n) TO STDOUT") {
                    rows in for try await _ in rows {}
                }
            }
            #expect(late?.sqlState == "22012")
            let parameters = await #expect(throws: PostgresError.self) {
                try await connection.copyOut("COPY (SELECT \(1)) TO STDOUT") { _ in }
            }
            #expect(parameters?.code == .invalidUse)
            let wrongWay = await #expect(throws: PostgresError.self) {
                try await connection.copyIn("SELECT 1", from: pieces { _ in [] })
            }
            #expect(wrongWay?.code == .invalidUse)
        }
    }

    @Test func `who throws or leaves before the end ends it on the server`() async throws {
        try await withTable { connection in
            await #expect(throws: Refusal.self) {
                try await connection.copyIn(
                    "COPY t FROM STDIN",
                    from: pieces { number in
                        if number == 100 { throw Refusal() }
                        return [UInt8]("\(number)\tx\n".utf8)
                    }
                )
            }
            let found5 = try await count(connection)
            #expect(found5 == 0)
            let endless: PostgresStatement = "COPY (SELECT generate_series(1, 1000000000)) TO STDOUT"
            await #expect(throws: Refusal.self) {
                try await connection.copyOut(endless) { rows in
                    for try await _ in rows { throw Refusal() }
                }
            }
            try await expectUsable(connection)
            let first = try await connection.copyOut(endless) { rows in try await rows.first { _ in true } }
            #expect(first == Array("1\n".utf8))
        }
    }

    @Test func `cancelled or out of time, the connection goes on`() async throws {
        try await withTable { connection in
            let begun = Gate()
            let endless: PostgresStatement = "COPY (SELECT generate_series(1, 1000000000)) TO STDOUT"
            let reading = Task {
                try await connection.copyOut(endless) { rows in
                    for try await _ in rows { begun.open() }
                }
            }
            await begun.wait()
            reading.cancel()
            let cancelled = await #expect(throws: PostgresError.self) { try await reading.value }
            #expect(cancelled?.code == .cancelled)
            try await expectUsable(connection)

            let waiting = Gate()
            let writing = Task {
                try await connection.copyIn(
                    "COPY t FROM STDIN",
                    from: pieces { number in
                        if number == 2 { waiting.open() }
                        if number < 2 { return [UInt8]("1\tx\n".utf8) }
                        // Ends early because it is cancelled, which is what is tested.
                        try? await Task.sleep(for: .seconds(60))
                        return nil
                    }
                )
            }
            await waiting.wait()
            writing.cancel()
            let given = await #expect(throws: PostgresError.self) { try await writing.value }
            #expect(given?.code == .cancelled)
            let found6 = try await count(connection)
            #expect(found6 == 0)

            let late = await #expect(throws: PostgresError.self) {
                try await connection.copyOut(endless, timeout: .milliseconds(50)) { rows in
                    for try await _ in rows {}
                }
            }
            #expect(late?.code == .timeout)
        }
    }

    @Test func `a connection lost in the middle ends both ways`() async throws {
        let server = try await TestServer.shared
        let lost = await #expect(throws: PostgresError.self) {
            try await withConnection { connection in
                try await connection.copyOut("COPY (SELECT generate_series(1, 1000000000)) TO STDOUT") {
                    rows in
                    var isFirst = true
                    for try await _ in rows where isFirst {
                        isFirst = false
                        try await server.query("SELECT pg_terminate_backend(\(connection.backendPID))")
                    }
                }
            }
        }
        #expect(lost?.code == .unknownOutcome)
        let other = await #expect(throws: PostgresError.self) {
            try await withConnection { connection in
                try await connection.execute(script: "CREATE TEMP TABLE t (id int)")
                try await connection.copyIn(
                    "COPY t FROM STDIN",
                    from: pieces { number in
                        if number == 100 {
                            try await server.query("SELECT pg_terminate_backend(\(connection.backendPID))")
                        }
                        return [UInt8]("\(number)\n".utf8)
                    }
                )
            }
        }
        #expect(other?.code == .unknownOutcome)
    }
}
