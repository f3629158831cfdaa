import Postgres
import Testing

@Suite(.timeLimit(.minutes(5)))
struct StatementTests {
    @Test func `interpolated values become parameters, raw pieces do not`() {
        let name = "x'; DROP TABLE students; --"
        let statement: PostgresStatement =
            "SELECT \(1) FROM \(raw: "some.table") WHERE name = \(name) AND id = \(Int64(2))"
        #expect(statement.sql == "SELECT $1 FROM some.table WHERE name = $2 AND id = $3")
    }

    @Test func `a statement is put together from parts, whose parameters are counted on`() async throws {
        let none: PostgresStatement = ""
        let inner: PostgresStatement = "\("b")::text || \(raw: "'$1'") || \(3)"
        let part: PostgresStatement = "concat(\(inner), \("d"))"
        let statement: PostgresStatement = "SELECT \(1)::bigint, \(part), \(none)\(Int64(4))::bigint"
        #expect(statement.sql == "SELECT $1::bigint, concat($2::text || '$1' || $3, $4), $5::bigint")
        try await withConnection { connection in
            let row = try #require(try await connection.query(statement).first)
            #expect(try row.decode(Int.self, String.self, Int.self) == (1, "b$13d", 4))
        }
    }

    @Test func `an error carries the server's fields and the text, but no parameters`() async throws {
        try await withConnection { connection in
            try await connection.execute(script: "CREATE TEMP TABLE t (id int CONSTRAINT t_key PRIMARY KEY)")
            try await connection.query("INSERT INTO t VALUES (\(424_242))")
            let error = await #expect(throws: PostgresError.self) {
                try await connection.query("INSERT INTO t VALUES (\(424_242))")
            }
            #expect(error?.code == .server)
            #expect(error?.sqlState == "23505")
            #expect(error?.constraint == "t_key")
            #expect(error?.table == "t")
            #expect(error?.detail?.isEmpty == false)
            #expect(error?.query == "INSERT INTO t VALUES ($1)")
            #expect(error?.mayHaveBeenApplied == false)
            #expect(error?.isConnectionLoss == false)
        }
    }

    @Test("an error stays with its caller among a thousand on one connection", arguments: [false, true])
    func isolation(isReading: Bool) async throws {
        try await withConnection { connection in
            @Sendable func ask(_ statement: PostgresStatement) async throws(PostgresError) -> PostgresResult {
                try await isReading ? connection.read(statement) : connection.query(statement)
            }
            try await withThrowingTaskGroup { group in
                for number in 0..<1_000 {
                    group.addTask {
                        if number % 7 == 0 {
                            let error = await #expect(throws: PostgresError.self) {
                                try await ask("SELECT \(number) / 0")
                            }
                            #expect(error?.sqlState == "22012")
                        } else if number % 11 == 0 {
                            let error = await #expect(throws: PostgresError.self) {
                                // Fails while it is being prepared.
                                try await ask("SELECT missing_\(raw: "\(number)")")
                            }
                            #expect(error?.sqlState == "42703")
                        } else {
                            let found = try await ask("SELECT \(number)")[0].decode(Int.self)
                            #expect(found == number)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `readers share transactions on the server, and what they write beside never does`() async throws {
        try await withConnection { connection in
            try await connection.execute(script: "CREATE TEMP TABLE seen (id int)")
            let begun = try await withThrowingTaskGroup(of: PostgresTimestamp.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        if number % 20 == 0 { try await connection.query("INSERT INTO seen VALUES (\(number))") }
                        return try await connection.read("SELECT transaction_timestamp()")[0].decode(
                            PostgresTimestamp.self
                        )
                    }
                    if number % 40 == 0 {
                        group.addTask {
                            await #expect(throws: PostgresError.self) { try await connection.read("SELECT 1 / 0") }
                            return try await connection.read("SELECT now()")[0].decode(PostgresTimestamp.self)
                        }
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1.microseconds) }
            }
            #expect(begun.count < 150)
            let written = try await connection.read("SELECT count(*) FROM seen")[0].decode(Int.self)
            #expect(written == 10)
        }
    }

    @Test func `a constraint that is checked at the end fails its own statement and no other`() async throws {
        try await withConnection { connection in
            try await connection.execute(
                script: """
                    CREATE TEMP TABLE parent (id int PRIMARY KEY);
                    CREATE TEMP TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
                    INSERT INTO parent SELECT generate_series(0, 99, 2)
                    """
            )
            await withTaskGroup { group in
                for number in 0..<100 {
                    group.addTask {
                        do {
                            let result = try await connection.query("INSERT INTO child VALUES (\(number)) RETURNING id")
                            #expect(number % 2 == 0)
                            #expect(try result[0].decode(Int.self) == number)
                        } catch let error as PostgresError {
                            #expect(number % 2 == 1)
                            #expect(error.sqlState == "23503")
                        } catch {
                            Issue.record(error)
                        }
                    }
                }
            }
            let found2 = try await connection.query("SELECT count(*) FROM child")[0].decode(Int.self)
            #expect(found2 == 50)
        }
    }

    @Test func `a statement is prepared once, and again when the table has changed`() async throws {
        try await withConnection { connection in
            try await connection.execute(script: "CREATE TEMP TABLE shape (a int); INSERT INTO shape VALUES (1)")
            for _ in 0..<3 { #expect(try await connection.query("SELECT * FROM shape").columns == ["a"]) }
            let prepared = try await connection.query(
                "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT * FROM shape'"
            )
            #expect(try prepared[0].decode(Int.self) == 1)
            try await connection.query("ALTER TABLE shape ADD COLUMN b text DEFAULT 'b'")
            try await withThrowingTaskGroup { group in
                for _ in 0..<10 {
                    group.addTask {
                        let found3 = try await connection.query("SELECT * FROM shape").columns
                        #expect(found3 == ["a", "b"])
                    }
                }
                try await group.waitForAll()
            }
            try await connection.execute(script: "DEALLOCATE ALL")
            let found4 = try await connection.query("SELECT * FROM shape").columns
            #expect(found4 == ["a", "b"])
            let error = await #expect(throws: PostgresError.self) {
                try await connection.withTransaction { connection in
                    try await connection.query("SELECT * FROM shape")
                    try await connection.query("ALTER TABLE shape ADD COLUMN c int")
                    // The transaction has failed by this: nothing can be repeated in it.
                    try await connection.query("SELECT * FROM shape")
                }
            }
            #expect(error?.sqlState == "0A000")
            let found5 = try await connection.query("SELECT * FROM shape").columns
            #expect(found5 == ["a", "b"])
        }
    }

    @Test func `the same text with other types is another statement`() async throws {
        try await withConnection { connection in
            let found6 = try await connection.query("SELECT pg_typeof(\(1 as Int64))::text")[0].decode(String.self)
            #expect(found6 == "bigint")
            let found7 = try await connection.query("SELECT pg_typeof(\(1 as Int32))::text")[0].decode(String.self)
            #expect(found7 == "integer")
            let found8 = try await connection.query("SELECT pg_typeof(\("1"))::text")[0].decode(String.self)
            #expect(found8 == "text")
        }
    }

    @Test func `many callers of one broken statement are all told what is wrong with it`() async throws {
        try await withConnection { connection in
            try await withThrowingTaskGroup { group in
                for _ in 0..<60 {
                    group.addTask {
                        let error = await #expect(throws: PostgresError.self) {
                            try await connection.query("SELECT * FROM no_such_table")
                        }
                        #expect(error?.sqlState == "42P01")
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `prepared statements are bounded on the server, too`() async throws {
        try await withConnection { connection in
            try await withThrowingTaskGroup { group in
                for number in 0..<600 {
                    group.addTask { try await connection.query("SELECT \(number) AS c\(raw: "\(number)")") }
                }
                try await group.waitForAll()
            }
            let count = try await connection.query("SELECT count(*) FROM pg_prepared_statements")[0].decode(Int.self)
            #expect(count <= 257)
            #expect(count > 200)
        }
    }

    @Test func `a script runs several statements, all or none, between others`() async throws {
        try await withConnection { connection in
            try await connection.execute(script: "CREATE TEMP TABLE s (id int); INSERT INTO s VALUES (1)")
            try await withThrowingTaskGroup { group in
                for number in 0..<30 {
                    group.addTask {
                        if number % 3 == 0 {
                            try await connection.execute(script: "INSERT INTO s VALUES (2); INSERT INTO s VALUES (3)")
                        } else if number % 3 == 1 {
                            let error = await #expect(throws: PostgresError.self) {
                                try await connection.execute(script: "INSERT INTO s VALUES (4); SELECT 1/0; SELECT 2")
                            }
                            #expect(error?.sqlState == "22012")
                        } else {
                            let found9 = try await connection.query("SELECT \(number)")[0].decode(Int.self)
                            #expect(found9 == number)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let rows = try await connection.query("SELECT id, count(*) FROM s GROUP BY id ORDER BY id")
            #expect(try rows.map { try $0.decode(Int.self, Int.self).1 } as [Int] == [1, 10, 10])
        }
    }

    @Test func `results larger than any buffer arrive whole, both ways at once`() async throws {
        try await withConnection { connection in
            let large = String(repeating: "abcdefgh", count: 500_000)
            try await withThrowingTaskGroup { group in
                for number in 0..<8 {
                    group.addTask {
                        let row = try await connection.query("SELECT \(number), \(large) || \(large)")[0]
                        let (back, text) = try row.decode(Int.self, String.self)
                        #expect(back == number)
                        #expect(text.utf8.count == 8_000_000)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func `a multiple statement or too many parameters are refused`() async throws {
        try await withConnection { connection in
            let several = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1; SELECT 2") }
            #expect(several?.sqlState == "42601")
            var text = PostgresStatement.StringInterpolation(literalCapacity: 0, interpolationCount: 0)
            for number in 0..<65_536 { text.appendInterpolation(number) }
            let statement = PostgresStatement(stringInterpolation: text)
            let tooMany = await #expect(throws: PostgresError.self) { try await connection.query(statement) }
            #expect(tooMany?.code == .invalidUse)
            let found10 = try await connection.query("").count
            #expect(found10 == 0)
        }
    }

    @Test func `COPY through query ends the connection and says so`() async throws {
        try await withConnection { connection in
            let error = await #expect(throws: PostgresError.self) {
                try await connection.query("COPY (SELECT 1) TO STDOUT")
            }
            #expect(error?.message.contains("COPY") == true)
        }
    }
}
