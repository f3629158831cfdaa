import Postgres
import Testing

@Suite(.timeLimit(.minutes(5)))
struct TypeTests {
    /// Sends each value, has the server say what it got, and reads it back.
    private func roundTrip<T: PostgresEncodable & PostgresDecodable & Equatable>(
        _ values: [T],
        as type: String,
        _ connection: PostgresConnection
    ) async throws {
        for value in values {
            let rows = try await connection.query("SELECT \(value), pg_typeof(\(value))::text")
            let (back, name) = try rows[0].decode(T.self, String.self)
            #expect(back == value)
            #expect(name == type)
            let (some, none) = try await connection.query("SELECT \(T?.some(value)), \(T?.none)")[0].decode(
                T?.self,
                T?.self
            )
            #expect(some == value)
            #expect(none == nil)
        }
    }

    private func roundTripWithArrays<T: PostgresEncodable & PostgresDecodable & PostgresArrayElement & Equatable>(
        _ values: [T],
        as type: String,
        _ connection: PostgresConnection
    ) async throws {
        try await roundTrip(values, as: type, connection)
        try await roundTrip([[], values, Array(values.prefix(1))], as: "\(type)[]", connection)
        let holes: [T?] = [nil] + values.map { $0 } + [nil]
        try await roundTrip([[], [nil], holes], as: "\(type)[]", connection)
    }

    @Test func `integers, at their extremes`() async throws {
        try await withConnection { connection in
            try await roundTripWithArrays([0, -1, Int16.min, Int16.max], as: "smallint", connection)
            try await roundTripWithArrays([0, -1, Int32.min, Int32.max], as: "integer", connection)
            try await roundTripWithArrays([0, -1, Int64.min, Int64.max], as: "bigint", connection)
            try await roundTripWithArrays([0, -1, Int.min, Int.max], as: "bigint", connection)
        }
    }

    @Test func `floating point, with infinities, not a number and the smallest`() async throws {
        try await withConnection { connection in
            try await roundTripWithArrays(
                [0, -0.0, 1.5, .pi, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude],
                as: "double precision",
                connection
            )
            let nan = try await connection.query("SELECT \(Double.nan)")[0].decode(Double.self)
            #expect(nan.isNaN)
            let minus = try await connection.query("SELECT \(-0.0)")[0].decode(Double.self)
            #expect(minus.sign == .minus)
            #expect(try await connection.query("SELECT 1.5::real")[0].decode(Double.self) == 1.5)
        }
    }

    @Test func `booleans and text of all scripts`() async throws {
        try await withConnection { connection in
            try await roundTripWithArrays([true, false], as: "boolean", connection)
            try await roundTripWithArrays(
                ["", " ", "naïve", "日本語", "👩‍👩‍👧", "a'b\"c\\d{},NULL", "e\u{301}", String(repeating: "x", count: 100_000)],
                as: "text",
                connection
            )
        }
    }

    @Test func `bytes, and arrays of them`() async throws {
        try await withConnection { connection in
            let all = (0...255).map { UInt8($0) }
            let large = [UInt8](repeating: 7, count: 3_000_000)
            try await roundTrip([[], [0], all, large], as: "bytea", connection)
            try await roundTrip([[], [[]], [[0], all]], as: "bytea[]", connection)
            try await roundTrip([[nil], [[], nil, all]] as [[[UInt8]?]], as: "bytea[]", connection)
        }
    }

    @Test func `timestamps, with infinities and the far past`() async throws {
        try await withConnection { connection in
            let values: [PostgresTimestamp] = [
                .init(microseconds: 0), .init(microseconds: -1), .init(microseconds: 1_700_000_000_123_456),
                // 4714-11-24 BC, the first that the server knows.
                .init(microseconds: -210_866_803_200_000_000), .infinity, .negativeInfinity,
            ]
            try await roundTripWithArrays(values, as: "timestamp with time zone", connection)
            let text = try await connection.query(
                "SELECT to_char(\(values[2]) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
            )
            #expect(try text[0].decode(String.self) == "2023-11-14 22:13:20.123456")
            let read = try await connection.query("SELECT 'infinity'::timestamptz, '-infinity'::timestamptz")
            let (up, down) = try read[0].decode(PostgresTimestamp.self, PostgresTimestamp.self)
            #expect(up == .infinity && down == .negativeInfinity)
            // Beyond what 64 bits of microseconds since 1970 can hold, though the server knows it.
            let late = try await connection.query("SELECT '294276-12-31'::timestamptz AS late")
            let error = #expect(throws: PostgresError.self) { try late[0].decode(PostgresTimestamp.self) }
            #expect(error?.code == .decoding)
        }
    }

    @Test func `durations, UUIDs and JSON`() async throws {
        try await withConnection { connection in
            try await roundTripWithArrays(
                [Duration.zero, .microseconds(1), .microseconds(-1), .seconds(86_400 * 400)],
                as: "interval",
                connection
            )
            let day = try await connection.query("SELECT '1 day 1 second'::interval, '1 month'::interval")
            #expect(try day[0].decode(Duration.self) == .seconds(86_401))
            #expect(throws: PostgresError.self) { try day[0].decode(Duration.self, Duration.self) }

            let uuid = try #require(PostgresUUID("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"))
            try await roundTripWithArrays(
                [uuid, PostgresUUID(high: 0, low: 0), PostgresUUID(high: .max, low: .max)],
                as: "uuid",
                connection
            )
            #expect(uuid.description == "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
            #expect(try await connection.query("SELECT \(uuid)::text")[0].decode(String.self) == uuid.description)
            #expect(PostgresUUID("g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11") == nil)

            try await roundTripWithArrays(
                [PostgresJSON("null"), PostgresJSON(#"{"é": [1, 2.50, null]}"#)],
                as: "jsonb",
                connection
            )
            let json = try await connection.query("SELECT '{\"b\": 1}'::json, '{\"b\": 1}'::jsonb")
            let (plain, binary) = try json[0].decode(PostgresJSON.self, String.self)
            #expect(plain.text == binary)
        }
    }

    @Test(
        "numerics are read exactly as the server prints them",
        arguments: [
            "0", "0.00", "1", "-1", "10000", "9999", "100000000", "0.0001", "0.00001", "-0.5", "12345678.90123456",
            "1000000000000.0000000000001", "1e-20", "1e40", "9999.9999", "-123456789012345678901234567890.123", "NaN",
            "Infinity", "-Infinity", "10000.0000", "0.10000",
        ]
    )
    func numeric(_ text: String) async throws {
        try await withConnection { connection in
            let rows = try await connection.query(
                "SELECT \(raw: "'\(text)'")::numeric, \(raw: "'\(text)'")::numeric::text"
            )
            let (ours, theirs) = try rows[0].decode(String.self, String.self)
            #expect(ours == theirs)
        }
    }

    @Test func `narrower and wider columns are read where the value fits`() async throws {
        try await withConnection { connection in
            let row = try await connection.query(
                """
                SELECT 7::smallint AS a, 8::integer AS b, 9::bigint AS c, 10::oid AS d, sum(x)::numeric AS e,
                'n'::name AS f, '"'::"char" AS g, 5000000000::bigint AS h, 1.5::numeric AS i
                FROM (VALUES (11::bigint)) AS t (x)
                """
            )[0]
            #expect(try row.decode("a", as: Int64.self) == 7)
            #expect(try row.decode("b", as: Int.self) == 8)
            #expect(try row.decode("c", as: Int16.self) == 9)
            #expect(try row.decode("d", as: Int64.self) == 10)
            #expect(try row.decode("e", as: Int.self) == 11)
            #expect(try row.decode("f", as: String.self) == "n")
            #expect(try row.decode("g", as: String.self) == "\"")
            #expect(throws: PostgresError.self) { try row.decode("h", as: Int32.self) }
            #expect(throws: PostgresError.self) { try row.decode("i", as: Int.self) }
            #expect(try row.decode("i", as: Double.self) == 1.5)
            #expect(try row.decode("a", as: Int64?.self) == 7)
        }
    }

    private enum Mood: String, PostgresEncodable, PostgresDecodable {
        case calm
        case brave
    }

    @Test func `enums of either side`() async throws {
        try await withConnection { connection in
            let name = "mood_\(connection.backendPID)"
            try await connection.execute(script: "CREATE TYPE pg_temp.\(name) AS ENUM ('calm', 'brave')")
            let rows = try await connection.query(
                "SELECT \(Mood.brave)::text::pg_temp.\(raw: name), array['calm']::pg_temp.\(raw: name)[]"
            )
            let (mood, moods) = try rows[0].decode(Mood.self, [String].self)
            #expect(mood == .brave)
            #expect(moods == ["calm"])
            #expect(throws: PostgresError.self) {
                _ = try rows[0].decode(Int.self)
            }
        }
    }

    @Test func `a decoding error names column and types`() async throws {
        try await withConnection { connection in
            let row = try await connection.query("SELECT 'x'::text AS label, NULL::bigint AS amount, 1 AS \"Count\"")[0]
            let mismatch = #expect(throws: PostgresError.self) { try row.decode("label", as: Int.self) }
            #expect(mismatch?.code == .decoding)
            #expect(mismatch?.message.contains("\"label\"") == true)
            #expect(mismatch?.message.contains("text") == true)
            #expect(mismatch?.message.contains("Int") == true)
            let null = #expect(throws: PostgresError.self) { try row.decode(String.self, Int64.self) }
            #expect(null?.message.contains("\"amount\"") == true)
            #expect(null?.message.contains("NULL") == true)
            let missing = #expect(throws: PostgresError.self) { try row.decode("count", as: Int.self) }
            #expect(missing?.message.contains("Count") == true)
            #expect(throws: PostgresError.self) { try row.decode(String.self, Int?.self, Int.self, Int.self) }
            #expect(try row.decode("Count", as: Int.self) == 1)
        }
    }

    @Test func `arrays of arrays and scalars are not mistaken for arrays`() async throws {
        try await withConnection { connection in
            let row = try await connection.query(
                "SELECT '{{1,2},{3,4}}'::int[] AS grid, 1 AS one, '[5:6]={7,8}'::int[] AS odd"
            )[0]
            #expect(throws: PostgresError.self) { try row.decode("grid", as: [Int].self) }
            #expect(throws: PostgresError.self) { try row.decode("one", as: [Int].self) }
            #expect(try row.decode("odd", as: [Int].self) == [7, 8])
        }
    }

    @Test func `bulk rows go through unnest and come back in order`() async throws {
        try await withConnection { connection in
            try await connection.execute(
                script: "CREATE TEMP TABLE bulk (id bigint, name text, state bytea, at timestamptz)"
            )
            let ids = Array(Int64(1)...5_000)
            let inserted = try await connection.query(
                """
                INSERT INTO bulk SELECT * FROM unnest(\(ids), \(ids.map { $0 % 3 == 0 ? nil : "n\($0)" } as [String?]),
                \(ids.map { [UInt8](repeating: UInt8($0 % 251), count: 20) }),
                \(ids.map { PostgresTimestamp(microseconds: $0) }))
                """
            )
            #expect(inserted.affectedRows == 5_000)
            let rows = try await connection.query("SELECT id, name, state, at FROM bulk ORDER BY id")
            #expect(rows.count == 5_000)
            for (row, id) in zip(rows, ids) {
                let (read, name, state, at) = try row.decode(
                    Int64.self,
                    String?.self,
                    [UInt8].self,
                    PostgresTimestamp.self
                )
                #expect(read == id && name == (id % 3 == 0 ? nil : "n\(id)"))
                #expect(state == [UInt8](repeating: UInt8(id % 251), count: 20) && at.microseconds == id)
            }
        }
    }
}
