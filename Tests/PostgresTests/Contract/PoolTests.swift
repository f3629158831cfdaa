import LocalCluster
import Logging
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct PoolTests {
    @Test func `thousands of callers share a few connections and each has its own answer`() async throws {
        try await withPool(size: 3) { pool in
            try await withThrowingTaskGroup { group in
                for number in 0..<3_000 {
                    group.addTask {
                        let (value, pid) = try await pool.query("SELECT \(number), pg_backend_pid()")[0]
                            .decode(Int.self, Int.self)
                        #expect(value == number)
                        return pid
                    }
                }
                var pids: Set<Int> = []
                for try await pid in group { pids.insert(pid) }
                #expect((1...3).contains(pids.count))
            }
            #expect(pool.openConnections <= 3)
        }
    }

    @Test func `a connection is lent to one at a time, and single statements go past`() async throws {
        try await withPool(size: 3) { pool in
            let holders = Counter()
            try await withThrowingTaskGroup { group in
                for _ in 0..<40 {
                    group.addTask {
                        try await pool.withConnection { connection in
                            let name = "tenure.test_holder"
                            let before = try await connection.query("SELECT current_setting(\(name), true)")[0]
                                .decode(String?.self)
                            #expect(before == nil || before == "")
                            holders.enter()
                            try await connection.query("SELECT set_config(\(name), 'x', false)")
                            try await pool.query("SELECT 1")
                            try await connection.query("SELECT set_config(\(name), '', false)")
                            holders.leave()
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(holders.most <= 2)
            #expect(holders.most >= 1)
        }
    }

    @Test func `transactions commit, roll back, and one left open is rolled back`() async throws {
        struct Refusal: Error {}
        try await withTestDatabase(migrated: false) { url in
            try await withPool(
                patient(url),
                size: 2
            ) { pool in
                try await pool.query("CREATE TABLE public.t (id int)")
                try await pool.withTransaction { try await $0.query("INSERT INTO public.t VALUES (1)") }
                await #expect(throws: Refusal.self) {
                    try await pool.withTransaction { connection in
                        try await connection.query("INSERT INTO public.t VALUES (2)")
                        throw Refusal()
                    }
                }
                try await pool.withConnection { connection in
                    try await connection.query("BEGIN")
                    try await connection.query("INSERT INTO public.t VALUES (3)")
                }
                let rows = try await pool.query("SELECT id FROM public.t")
                let ids = try rows.map { try $0.decode("id", as: Int.self) }
                #expect(ids == [1])
            }
        }
    }

    @Test func `a slow statement does not hold up those of others`() async throws {
        try await withPool(size: 2) { pool in
            try await withConnection { observer in
                try await eventually("both are connected") { pool.openConnections == 2 }
                let slow = Task { try await pool.query("SELECT pg_sleep(66)") }
                try await eventually("it runs") {
                    try await observer.query(
                        "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(66)'"
                    )[0]
                    .decode(Int.self) == 1
                }
                for number in 0..<200 {
                    let value = try await pool.query("SELECT \(number)", timeout: .seconds(240))[0].decode(Int.self)
                    #expect(value == number)
                }
                slow.cancel()
                await #expect(throws: PostgresError.self) { try await slow.value }
            }
        }
    }

    @Test func `who waits for a connection too long is told that all are busy`() async throws {
        try await withPool(size: 1, acquireTimeout: .milliseconds(100)) { pool in
            try await eventually("it is connected") { pool.openConnections == 1 }
            try await pool.withConnection { _ in
                let shared = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
                #expect(shared?.code == .poolTimeout)
                #expect(shared?.message.contains("busy") == true)
                let exclusive = await #expect(throws: PostgresError.self) { try await pool.withConnection { _ in } }
                #expect(exclusive?.code == .poolTimeout)
            }
            let value = try await pool.query("SELECT 1")[0].decode(Int.self)
            #expect(value == 1)
        }
    }

    @Test func `a server that cannot be reached is named as the reason`() async throws {
        let nowhere = PostgresConfiguration(connectionString: "postgresql://127.0.0.1:1/x")
        try await withPool(nowhere, size: 1, acquireTimeout: .milliseconds(20)) { pool in
            try await eventually("connecting has failed") { pool.lastConnectError != nil }
            let error = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
            #expect(error?.code == .poolTimeout)
            #expect(error?.message.contains("refused") == true)
        }
        let idle = PostgresPool(configuration: nowhere, size: 1, acquireTimeout: .milliseconds(20), logger: quiet)
        let error = await #expect(throws: PostgresError.self) { try await idle.query("SELECT 1") }
        #expect(error?.message.contains("run") == true)
    }

    @Test func `callers may come before the pool has connected`() async throws {
        let pool = PostgresPool(
            configuration: try await sharedConfiguration(),
            size: 2,
            acquireTimeout: .seconds(240),
            logger: quiet
        )
        let early = Task { try await pool.query("SELECT 3")[0].decode(Int.self) }
        let runner = Task { try await pool.run() }
        let value = try await early.value
        #expect(value == 3)
        runner.cancel()
        try await runner.value
    }

    @Test func `a pool that ends finishes what is under way, tells who waits, and leaves no backend`() async throws {
        let server = try await TestServer.shared
        let name = "ending-pool"
        let configuration = patient(server.connectionString(), applicationName: name)
        let pool = PostgresPool(configuration: configuration, size: 2, acquireTimeout: .seconds(240), logger: quiet)
        let runner = Task { try await pool.run() }
        try await withConnection { observer in
            let inside = Gate()
            let leave = Gate()
            let holder = Task {
                try await pool.withTransaction { connection in
                    inside.open()
                    await leave.wait()
                    return try await connection.query("SELECT 4")[0].decode(Int.self)
                }
            }
            await inside.wait()
            let waiter = Task { try await pool.withConnection { _ in } }
            let key = Int64(observer.backendPID)
            try await observer.query("SELECT pg_advisory_lock(\(key))")
            let slow = Task {
                try await pool.query("SELECT 5 FROM pg_advisory_lock_shared(\(key))")[0].decode(Int.self)
            }
            try await eventually("the slow one runs") {
                try await observer.query(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = \(name) AND query LIKE '%lock_shared%'"
                )[0]
                .decode(Int.self) == 1
            }
            runner.cancel()
            let refused = await #expect(throws: PostgresError.self) { try await waiter.value }
            #expect(refused?.code == .closed)
            leave.open()
            try await observer.query("SELECT pg_advisory_unlock(\(key))")
            let (four, five) = try await (holder.value, slow.value)
            #expect(four == 4 && five == 5)
            try await runner.value
            let late = await #expect(throws: PostgresError.self) { try await pool.query("SELECT 1") }
            #expect(late?.code == .closed)
            try await eventually("its backends are gone") {
                try await observer.query("SELECT count(*) FROM pg_stat_activity WHERE application_name = \(name)")[0]
                    .decode(Int.self) == 0
            }
        }
    }

    @Test func `callers cancelled while they wait give up their place`() async throws {
        try await withPool(size: 1, acquireTimeout: .seconds(240)) { pool in
            try await pool.withConnection { _ in
                let waiting = (0..<20).map { number in
                    Task {
                        if number % 2 == 0 {
                            try await pool.query("SELECT 1")
                        } else {
                            try await pool.withConnection { _ in }
                        }
                    }
                }
                for task in waiting { task.cancel() }
                for task in waiting {
                    let error = await #expect(throws: PostgresError.self) { try await task.value }
                    #expect(error?.code == .cancelled)
                }
            }
            let value = try await pool.query("SELECT 1")[0].decode(Int.self)
            #expect(value == 1)
        }
    }
}
