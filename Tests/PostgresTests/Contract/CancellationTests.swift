import Glibc
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct CancellationTests {
    @Test func `a cancelled task's statement ends on the server, its neighbours are unharmed`() async throws {
        try await withConnection { observer in
            try await withConnection { connection in
                let slow = Task { try await connection.query("SELECT pg_sleep(61)") }
                try await untilRunning("pg_sleep(61)", pid: connection.backendPID, seenBy: observer)
                let neighbours = (0..<50).map { number in
                    Task { try await connection.query("SELECT \(number)")[0].decode(Int.self) }
                }
                slow.cancel()
                let error = await #expect(throws: PostgresError.self) { try await slow.value }
                #expect(error?.code == .cancelled)
                // A server too slow to say so in time leaves it open.
                #expect(error?.sqlState == "57014" || error?.mayHaveBeenApplied == true)
                for (number, neighbour) in neighbours.enumerated() {
                    let value = try await neighbour.value
                    #expect(value == number)
                }
            }
        }
    }

    @Test func `a statement behind a slow one is cancelled alone`() async throws {
        try await withConnection { observer in
            try await withConnection { connection in
                try await connection.execute(script: "CREATE TEMP TABLE t (id int)")
                let key = Int64(observer.backendPID)
                try await observer.query("SELECT pg_advisory_lock(\(key))")
                let slow = Task {
                    try await connection.query("SELECT 7 FROM pg_advisory_lock_shared(\(key))")[0].decode(Int.self)
                }
                try await untilRunning("lock_shared", pid: connection.backendPID, seenBy: observer)
                let behind = Task { try await connection.query("INSERT INTO t SELECT 1 FROM pg_sleep(62)") }
                let last = Task { try await connection.query("SELECT 9")[0].decode(Int.self) }
                behind.cancel()
                let error = await #expect(throws: PostgresError.self) { try await behind.value }
                #expect(error?.code == .cancelled)
                try await observer.query("SELECT pg_advisory_unlock(\(key))")
                let (first, third) = try await (slow.value, last.value)
                #expect(first == 7 && third == 9)
                let rows = try await connection.query("SELECT count(*) FROM t")[0].decode(Int.self)
                #expect(rows == 0)
            }
        }
    }

    @Test func `a task cancelled beforehand sends nothing`() async throws {
        try await withConnection { connection in
            try await connection.execute(script: "CREATE TEMP TABLE t (id int)")
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await connection.query("INSERT INTO t VALUES (1)")
            }
            let error = await #expect(throws: PostgresError.self) { try await task.value }
            #expect(error?.code == .cancelled && error?.mayHaveBeenApplied == false)
            let rows = try await connection.query("SELECT count(*) FROM t")[0].decode(Int.self)
            #expect(rows == 0)
        }
    }

    @Test func `a statement out of time did nothing, and the connection goes on`() async throws {
        try await withConnection { connection in
            let start = ContinuousClock.now
            let error = await #expect(throws: PostgresError.self) {
                try await connection.query("SELECT pg_sleep(63)", timeout: .milliseconds(50))
            }
            #expect(error?.code == .timeout)
            #expect(.now - start < .seconds(60))
            let value = try await connection.query("SELECT 1", timeout: .seconds(240))[0].decode(Int.self)
            #expect(value == 1)
            let late = await #expect(throws: PostgresError.self) {
                try await connection.query("SELECT 1", timeout: .zero)
            }
            #expect(late?.code == .timeout && late?.mayHaveBeenApplied == false)
        }
    }

    @Test func `a statement that waits for a lock can be given up`() async throws {
        try await withConnection { holder in
            try await withConnection { waiter in
                let key = Int64(waiter.backendPID)
                try await holder.query("SELECT pg_advisory_lock(\(key))")
                let error = await #expect(throws: PostgresError.self) {
                    try await waiter.query("SELECT pg_advisory_lock(\(key))", timeout: .milliseconds(50))
                }
                #expect(error?.code == .timeout)
                // A server too slow to say so in time may still take the lock when it is free.
                guard error?.mayHaveBeenApplied == false else { return }
                try await holder.query("SELECT pg_advisory_unlock(\(key))")
                let free = try await holder.query("SELECT pg_try_advisory_lock(\(key))")[0].decode(Bool.self)
                #expect(free)
            }
        }
    }

    @Test func `a cancel request that overtakes its statement is sent again`() async throws {
        try await withConnection { connection in
            // Stopped, the backend finds the request before the statement when it goes on, and has nothing to cancel.
            #expect(kill(connection.backendPID, SIGSTOP) == 0)
            let slow = Task { try await connection.query("SELECT pg_sleep(67)", timeout: .milliseconds(500)) }
            let error = await #expect(throws: PostgresError.self) { try await slow.value }
            #expect(error?.code == .timeout)
            #expect(kill(connection.backendPID, SIGCONT) == 0)
            let value = try await connection.query("SELECT 1")[0].decode(Int.self)
            #expect(value == 1)
        }
    }

    /// Each caller either has its own answer or a reason; whoever was not cancelled has its answer.
    @Test(arguments: [UInt64(1), 2, 3])
    func `cancelling at random moments never harms another statement`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        try await withConnection { connection in
            try await withThrowingTaskGroup { group in
                for number in 0..<150 {
                    let isCancelled = Bool.random(using: &random)
                    let yields = Int.random(in: 0...30, using: &random)
                    let slow = Int.random(in: 0...9, using: &random) == 0
                    group.addTask {
                        let task = Task {
                            if slow {
                                return try await connection.query("SELECT \(number) FROM pg_sleep(0.02)")[0].decode(
                                    Int.self
                                )
                            }
                            return try await connection.query("SELECT \(number)")[0].decode(Int.self)
                        }
                        for _ in 0..<yields { await Task.yield() }
                        if isCancelled { task.cancel() }
                        do {
                            let value = try await task.value
                            #expect(value == number)
                        } catch let error as PostgresError {
                            #expect(
                                isCancelled && error.code == .cancelled,
                                "seed \(seed), statement \(number): \(error)"
                            )
                        }
                    }
                }
                try await group.waitForAll()
            }
            let value = try await connection.query("SELECT 1")[0].decode(Int.self)
            #expect(value == 1)
        }
    }
}
