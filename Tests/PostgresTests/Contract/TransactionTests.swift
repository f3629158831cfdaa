import Postgres
import Testing

@Suite(.timeLimit(.minutes(5)))
struct TransactionTests {
    private struct Refusal: Error {}

    private func withTable<R>(_ body: (PostgresConnection) async throws -> R) async throws -> R {
        try await withConnection { connection in
            try await connection.execute(script: "CREATE TEMP TABLE t (id int PRIMARY KEY)")
            return try await body(connection)
        }
    }

    private func ids(_ connection: PostgresConnection) async throws -> [Int] {
        try await connection.query("SELECT id FROM t ORDER BY id").map { try $0.decode(Int.self) }
    }

    @Test func `what returns is committed, what throws is rolled back`() async throws {
        try await withTable { connection in
            let value = try await connection.withTransaction { connection in
                try await connection.query("INSERT INTO t VALUES (1)")
                return 5
            }
            #expect(value == 5)
            await #expect(throws: Refusal.self) {
                try await connection.withTransaction { connection in
                    try await connection.query("INSERT INTO t VALUES (2)")
                    throw Refusal()
                }
            }
            await #expect(throws: PostgresError.self) {
                try await connection.withTransaction { connection in
                    try await connection.query("INSERT INTO t VALUES (3)")
                    try await connection.query("INSERT INTO t VALUES (1)")
                }
            }
            let found11 = try await ids(connection)
            #expect(found11 == [1])
        }
    }

    @Test func `an error that the body swallows is not taken for a commit`() async throws {
        try await withTable { connection in
            let error = await #expect(throws: PostgresError.self) {
                try await connection.withTransaction { connection in
                    try await connection.query("INSERT INTO t VALUES (1)")
                    _ = try? await connection.query("SELECT 1/0")
                }
            }
            #expect(error?.message.contains("rolled back") == true)
            let found12 = try await ids(connection)
            #expect(found12 == [])
        }
    }

    @Test func `a cancelled task's transaction is rolled back, and the connection stays usable`() async throws {
        try await withTable { connection in
            let task = Task {
                try await connection.withTransaction { connection in
                    try await connection.query("INSERT INTO t VALUES (1)")
                    try await connection.query("SELECT pg_sleep(60)")
                }
            }
            try await withConnection { observer in
                try await untilRunning("pg_sleep(60)", pid: connection.backendPID, seenBy: observer)
            }
            task.cancel()
            let error = await #expect(throws: PostgresError.self) { try await task.value }
            #expect(error?.code == .cancelled)
            let found13 = try await ids(connection)
            #expect(found13 == [])
        }
    }

    @Test(
        "isolation levels are the server's",
        arguments: [
            (PostgresIsolation.readCommitted, "read committed"), (.repeatableRead, "repeatable read"),
            (.serializable, "serializable"),
        ]
    )
    func isolation(_ level: PostgresIsolation, _ name: String) async throws {
        try await withConnection { connection in
            let shown = try await connection.withTransaction(isolation: level) { connection in
                try await connection.query("SELECT current_setting('transaction_isolation')")[0].decode(String.self)
            }
            #expect(shown == name)
        }
    }

    @Test func `a constraint that fails at the commit fails the transaction`() async throws {
        try await withConnection { connection in
            try await connection.execute(
                script: "CREATE TEMP TABLE u (id int UNIQUE DEFERRABLE INITIALLY DEFERRED); INSERT INTO u VALUES (1)"
            )
            let error = await #expect(throws: PostgresError.self) {
                try await connection.withTransaction { try await $0.query("INSERT INTO u VALUES (1)") }
            }
            #expect(error?.sqlState == "23505")
            let found14 = try await connection.query("SELECT count(*) FROM u")[0].decode(Int.self)
            #expect(found14 == 1)
        }
    }

    @Test func `a repeatable body is run again after a conflict, others and other errors are not`() async throws {
        try await withConnection { connection in
            try await connection.query("CREATE TEMP TABLE t (id int)")
            let runs = Counter()
            func conflict(_ sqlState: String, times: Int) async throws {
                runs.enter()
                try await connection.query("INSERT INTO t VALUES (1)")
                guard runs.most <= times else { return }
                try await connection.query("DO \(raw: "$$ BEGIN RAISE SQLSTATE '\(sqlState)'; END $$")")
            }
            for (sqlState, expected) in [("40001", 3), ("40P01", 6)] {
                try await connection.withTransaction(repetition: .repeatable(attempts: 3)) { _ in
                    try await conflict(sqlState, times: expected - 1)
                }
                #expect(runs.most == expected)
            }
            let rows = try await connection.query("SELECT count(*) FROM t")[0].decode(Int.self)
            #expect(rows == 2, "what was undone is not there")
            let once = await #expect(throws: PostgresError.self) {
                try await connection.withTransaction { _ in try await conflict("40001", times: 100) }
            }
            #expect(once?.isTransactionConflict == true && runs.most == 7)
            let other = await #expect(throws: PostgresError.self) {
                try await connection.withTransaction(repetition: .repeatable(attempts: 3)) { _ in
                    try await conflict("22012", times: 100)
                }
            }
            #expect(other?.sqlState == "22012" && runs.most == 8)
            let never = await #expect(throws: PostgresError.self) {
                try await connection.withTransaction(repetition: .repeatable(attempts: 3)) { _ in
                    try await conflict("40P01", times: 100)
                }
            }
            #expect(never?.sqlState == "40P01" && runs.most == 11)
        }
    }
}
