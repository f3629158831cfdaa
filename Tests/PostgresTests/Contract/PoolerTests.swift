import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)), .enabled(if: Bouncer.isInstalled, "PgBouncer is not installed"))
struct PoolerTests {
    @Test(
        "a pool works behind a pooler, settings refused or ignored",
        arguments: ["", "ignore_startup_parameters = options"]
    )
    func pool(_ settings: String) async throws {
        try await Bouncer.run(before: try await TestServer.shared, settings: settings) { url in
            try await withPool(patient(url), size: 4) { pool in
                // More callers than backends, the same few statements again and again: under names they would collide.
                try await withThrowingTaskGroup { group in
                    for task in 0..<16 {
                        group.addTask {
                            for number in 0..<10 {
                                let value = task * 1000 + number
                                let answer = try await pool.query("SELECT \(value) + 1")[0].decode(Int.self)
                                #expect(answer == value + 1)
                                let failure = await #expect(throws: PostgresError.self) {
                                    try await pool.query("SELECT 1 / \(number * 0)")
                                }
                                #expect(failure?.sqlState == "22012")
                            }
                        }
                        group.addTask {
                            let sum = try await pool.withTransaction { connection in
                                #expect(connection.isPooled)
                                let one = try await connection.query("SELECT \(task)")[0].decode(Int.self)
                                return try await connection.query("SELECT \(task) + \(one)")[0].decode(Int.self)
                            }
                            #expect(sum == 2 * task)
                        }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test func `a direct connection knows that it is`() async throws {
        try await withConnection { connection in
            let pid = try await connection.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
            #expect(!connection.isPooled && pid == connection.backendPID)
        }
    }

    @Test func `what must be direct says so behind a pooler`() async throws {
        try await Bouncer.run(before: try await TestServer.shared) { url in
            var configuration = patient(url)
            configuration.mustBeDirect = true
            let error = await #expect(throws: PostgresError.self) {
                try await PostgresConnection.connect(configuration, logger: quiet)
            }
            #expect(error?.code == .invalidUse)
            #expect(error?.message.contains("pooler") == true)

            let listener = PostgresListener(configuration: patient(url), channels: ["x"], logger: quiet)
            var events = listener.subscribe().makeAsyncIterator()
            let runner = Task { try await listener.run() }
            guard case .lost(let reason)? = await events.next() else {
                Issue.record("the listener did not notice the pooler")
                return runner.cancel()
            }
            #expect(reason.code == .invalidUse)
            runner.cancel()
            try await runner.value
        }
    }
}
