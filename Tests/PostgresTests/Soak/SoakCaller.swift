import Postgres
import TestSupport
import Testing

/// One caller of a soak: asks what only the right answer fits, until the time is up.
struct SoakCaller {
    private struct Refusal: Error {}

    let pool: PostgresPool
    let ledger: SoakLedger
    let seed: String
    var random: SeededGenerator

    mutating func run(until isOver: () -> Bool) async throws {
        while !isOver() {
            let begin = ContinuousClock.now
            var failure: String?
            do {
                try await callOnce()
            } catch let error as PostgresError {
                failure = "\(error.code)"
                // Faults may hit anything; what is not a fault's work is a defect.
                let isCancelledFromOutside = error.code == .server && error.sqlState == "57014"
                switch error.code {
                case .server where !isCancelledFromOutside, .decoding, .invalidUse, .closed:
                    Issue.record("seed \(seed): \(error)")
                default: break
                }
            } catch is Refusal {
                failure = "refusal"
            }
            ledger.ended(after: .now - begin, failure: failure)
        }
    }

    private mutating func callOnce() async throws {
        let number = ledger.nextNumber()
        let delay = Duration.microseconds(Int.random(in: 0...5000, using: &random))
        switch Int.random(in: 0..<100, using: &random) {
        // Without a limit: when the connection dies, that must end it.
        case 0..<20: try await ask(number, length: 0, timeout: nil)
        case 20..<40: try await ask(number, length: 0, timeout: .seconds(30))
        case 40..<50: try await ask(number, length: Int.random(in: 0...200_000, using: &random), timeout: nil)
        case 50..<60: try await failInTheMiddle(number)
        case 60..<65: try await cancel(number, after: delay)
        case 65..<70: try await ask(number, sleeping: number % 7, timeout: delay)
        case 70..<75: try await mark(number, timeout: delay)
        case 75..<80: try await mark(number, timeout: .seconds(30))
        case 80..<90: try await markTwice(number)
        case 90..<93: try await copyOut(number, rowLimit: nil)
        case 93..<95: try await copyOut(number, rowLimit: 10)
        case 95..<98: try await copyIn(number, isWhole: true)
        default: try await copyIn(number, isWhole: false)
        }
    }

    // MARK: Reading

    private func expect(_ isRight: Bool, _ number: Int) {
        #expect(isRight, "seed \(seed): call \(number) was given the answer of another")
    }

    /// The answer is as long as the question: large ones go both ways at once.
    private func ask(_ number: Int, length: Int, timeout: Duration?) async throws {
        let text = String(repeating: "x", count: length)
        let statement: PostgresStatement = "SELECT \(number), \(text)"
        let mayShare = number.isMultiple(of: 2)
        let row =
            try await mayShare
            ? pool.read(statement, timeout: timeout)[0] : pool.query(statement, timeout: timeout)[0]
        let answer = try row.decode(Int.self, String.self)
        expect(answer.0 == number && answer.1.utf8.count == length, number)
    }

    private func ask(_ number: Int, sleeping milliseconds: Int, timeout: Duration?) async throws {
        let seconds = Double(milliseconds) / 1000
        let rows = try await pool.read("SELECT \(number) FROM pg_sleep(\(seconds))", timeout: timeout)
        let answer = try rows[0].decode(Int.self)
        expect(answer == number, number)
    }

    private func failInTheMiddle(_ number: Int) async throws {
        do {
            _ = try await pool.read("SELECT \(number) / 0")
        } catch {
            guard error.sqlState == "22012" else { throw error }
            return
        }
        expect(false, number)
    }

    private func cancel(_ number: Int, after delay: Duration) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { try await ask(number, sleeping: number % 7, timeout: nil) }
            // A moment at random is what is wanted.
            try await Task.sleep(for: delay)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private func copyOut(_ number: Int, rowLimit: Int?) async throws {
        let digits = String(number)
        let expected = Array("\(digits)\n".utf8)
        let statement: PostgresStatement = "COPY (SELECT \(raw: digits) FROM generate_series(1, 5000)) TO STDOUT"
        let count = try await pool.withConnection { connection in
            try await connection.copyOut(statement, timeout: .seconds(30)) { rows in
                try await rows.prefix(rowLimit ?? .max).reduce(0) { count, row in
                    expect(row == expected, number)
                    return count + 1
                }
            }
        }
        expect(count == rowLimit ?? 5000, number)
    }

    // MARK: Writing

    private func mark(_ number: Int, timeout: Duration) async throws {
        try await write(number) {
            try await pool.query("INSERT INTO marks VALUES (\(number), \(number))", timeout: timeout)
        }
    }

    /// Both or none.
    private func markTwice(_ number: Int) async throws {
        let other = number + 1
        try await write(number) {
            try await pool.withTransaction { connection in
                try await connection.query("INSERT INTO marks VALUES (\(number), \(other))")
                let answer = try await connection.query("SELECT \(number)")[0].decode(Int.self)
                expect(answer == number, number)
                if number % 5 == 0 { throw Refusal() }
                try await connection.query("INSERT INTO marks VALUES (\(other), \(number))")
            }
        }
    }

    private func copyIn(_ number: Int, isWhole: Bool) async throws {
        let line = Array("\(number)\t\(number)\n".utf8)
        let rows = AsyncThrowingStream<[UInt8], any Error> { stream in
            stream.yield(line)
            stream.finish(throwing: isWhole ? nil : Refusal())
        }
        try await write(number) {
            let count = try await pool.withConnection { connection in
                try await connection.copyIn("COPY marks FROM STDIN", timeout: .seconds(30), from: rows)
            }
            expect(count == 1, number)
        }
    }

    /// Keeps what the caller is told.
    private func write(_ number: Int, _ body: () async throws -> Void) async throws {
        do {
            try await body()
            ledger.confirm(number)
        } catch let error as PostgresError {
            if !error.mayHaveBeenApplied { ledger.refuse(number) }
            throw error
        } catch {
            ledger.refuse(number)
            throw error
        }
    }
}
