import Glibc
import LocalCluster
import TestSupport
import Testing

@testable import Postgres

@Suite(.timeLimit(.minutes(5)))
struct ConnectionLossTests {
    private func configuration(_ server: PostgresServer) -> PostgresConfiguration {
        patient(server.connectionString(user: "postgres"))
    }

    private func terminate(_ connection: PostgresConnection) async throws {
        let server = try await TestServer.shared
        try await server.query("SELECT pg_terminate_backend(\(connection.backendPID))")
    }

    @Test func `an idle connection that is terminated says so at once, with the server's reason`() async throws {
        try await withConnection { connection in
            async let reason = connection.waitUntilClosed()
            try await terminate(connection)
            let error = await reason
            #expect(error?.code == .connection)
            #expect(error?.sqlState == "57P01")
            #expect(connection.isClosed)
            let refused = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
            #expect(refused?.code == .connection)
            #expect(refused?.sqlState == "57P01")
            #expect(refused?.mayHaveBeenApplied == false)
        }
    }

    @Test
    func `a statement in flight when its backend is terminated has an unknown outcome, and the first reason is kept`()
        async throws
    {
        try await withConnection { observer in
            try await withConnection { connection in
                let slow = Task { try await connection.query("SELECT pg_sleep(64)") }
                try await untilRunning("pg_sleep(64)", pid: connection.backendPID, seenBy: observer)
                let behind = Task { try await connection.query("SELECT 1") }
                try await terminate(connection)
                let error = await #expect(throws: PostgresError.self) { try await slow.value }
                #expect(error?.code == .unknownOutcome)
                #expect(error?.sqlState == "57P01")
                #expect(error?.mayHaveBeenApplied == true)
                #expect(error?.query == "SELECT pg_sleep(64)")
                // Sent or not, it has an answer.
                let other = await #expect(throws: PostgresError.self) { try await behind.value }
                #expect(other?.isConnectionLoss == true)
                let reason = await connection.waitUntilClosed()
                #expect(reason?.sqlState == "57P01")
            }
        }
    }

    @Test func `a connection that is idle for too long says why it is gone`() async throws {
        try await withConnection { connection in
            // Not from the start: a connection has to be made first.
            try await connection.query("SET idle_session_timeout = '50ms'")
            let reason = await connection.waitUntilClosed()
            #expect(reason?.sqlState == "57P05")
        }
        try await withConnection(settings: ["idle_in_transaction_session_timeout": "50ms"]) { connection in
            try await connection.query("BEGIN")
            let reason = await connection.waitUntilClosed()
            #expect(reason?.sqlState == "25P03")
        }
    }

    @Test func `closing lets what is under way finish, and takes nothing more`() async throws {
        try await withConnection { observer in
            try await withConnection { connection in
                let key = Int64(observer.backendPID)
                try await observer.query("SELECT pg_advisory_lock(\(key))")
                let slow = Task {
                    try await connection.query("SELECT 5 FROM pg_advisory_lock_shared(\(key))")[0].decode(Int.self)
                }
                try await untilRunning("lock_shared", pid: connection.backendPID, seenBy: observer)
                async let closing: Void = connection.close()
                try await observer.query("SELECT pg_advisory_unlock(\(key))")
                let value = try await slow.value
                await closing
                #expect(value == 5)
                let refused = await #expect(throws: PostgresError.self) { try await connection.query("SELECT 1") }
                #expect(refused?.code == .closed)
                let reason = await connection.waitUntilClosed()
                #expect(reason == nil)
            }
        }
    }

    @Test func `closing does not wait for ever`() async throws {
        try await withConnection { observer in
            try await withConnection { connection in
                let slow = Task { try await connection.query("SELECT pg_sleep(68)") }
                try await untilRunning("pg_sleep(68)", pid: connection.backendPID, seenBy: observer)
                await connection.close()
                let error = await #expect(throws: PostgresError.self) { try await slow.value }
                #expect(error?.code == .unknownOutcome)
            }
        }
    }

    @Test func `a connection that nobody holds any more is closed`() async throws {
        try await withConnection { observer in
            var connection: PostgresConnection? = try await PostgresConnection.connect(
                try await sharedConfiguration(),
                logger: quiet
            )
            let pid = try #require(connection).backendPID
            connection = nil
            try await eventually("the backend is gone") {
                try await observer.query("SELECT count(*) FROM pg_stat_activity WHERE pid = \(pid)")[0].decode(Int.self)
                    == 0
            }
        }
    }

    @Test func `a backend killed in the middle, its neighbours thrown out with it, leaves no caller waiting`()
        async throws
    {
        try await withPrivateServer(isDurable: false) { server in
            let connection = try await PostgresConnection.connect(configuration(server), logger: quiet)
            let neighbour = try await PostgresConnection.connect(configuration(server), logger: quiet)
            // The neighbour does nothing meanwhile: a backend that is just sending cannot say why it ends.
            let observer = try await PostgresConnection.connect(configuration(server), logger: quiet)
            let slow = Task { try await connection.query("SELECT pg_sleep(65)") }
            try await untilRunning("pg_sleep(65)", pid: connection.backendPID, seenBy: observer)
            #expect(kill(connection.backendPID, SIGKILL) == 0)
            let error = await #expect(throws: PostgresError.self) { try await slow.value }
            #expect(error?.code == .unknownOutcome)
            let reason = await neighbour.waitUntilClosed()
            #expect(reason?.code == .connection)
            #expect(reason?.sqlState == "57P02", "\(String(describing: reason))")
        }
    }

    @Test(
        "a pool survives its server's restart, and every caller has an answer",
        arguments: [PostgresServer.StopMode.fast, .immediate]
    )
    func restart(_ mode: PostgresServer.StopMode) async throws {
        try await withPrivateServer(isDurable: false, settings: ["synchronous_commit": "on"]) { server in
            try await withPool(configuration(server), size: 3, acquireTimeout: .seconds(240)) { pool in
                try await pool.query("CREATE TABLE marks (id int PRIMARY KEY)")
                let load = Task { await insertUntilCancelled(pool) }
                defer { load.cancel() }
                try await eventually("work is being done") {
                    try await pool.query("SELECT count(*) FROM marks")[0].decode(Int.self) > 50
                }
                try await server.restart(mode)
                var before = 0
                try await eventually("it answers again") {
                    before = try await pool.query("SELECT count(*) FROM marks")[0].decode(Int.self)
                    return true
                }
                try await eventually("work is being done again") {
                    try await pool.query("SELECT count(*) FROM marks")[0].decode(Int.self) > before + 50
                }
                load.cancel()
                let confirmed = await load.value
                let rows = try await pool.query("SELECT id FROM marks")
                let kept = Set(try rows.map { try $0.decode(Int.self) } as [Int])
                let lost = confirmed.filter { !kept.contains($0) }
                #expect(lost.isEmpty)
            }
        }
    }

    @Test(
        "a restart while a pipeline is half done: what was before is kept, of the rest nobody knows, and nothing is repeated",
        arguments: [PostgresServer.StopMode.fast, .immediate]
    )
    func restartInTheMiddle(_ mode: PostgresServer.StopMode) async throws {
        try await withPrivateServer(isDurable: false, settings: ["synchronous_commit": "on"]) { server in
            let connection = try await PostgresConnection.connect(configuration(server), logger: quiet)
            let observer = try await PostgresConnection.connect(configuration(server), logger: quiet)
            try await connection.query("CREATE TABLE marks (id int PRIMARY KEY)")
            for number in 0..<20 { try await connection.query("INSERT INTO marks VALUES (\(number))") }
            // The twenty-first is executed until the server goes; it waits for nobody, whom the server might end before it.
            let held: PostgresStatement = "INSERT INTO marks SELECT 20 FROM (SELECT pg_sleep(3600)) AS held"
            var callers = [Task { try await connection.query(held) }]
            try await untilRunning("INSERT INTO marks SELECT 20", pid: connection.backendPID, seenBy: observer)
            for number in 21..<40 {
                callers.append(Task { try await connection.query("INSERT INTO marks VALUES (\(number))") })
            }
            for number in 40..<50 { callers.append(Task { try await connection.read("SELECT \(number)") }) }
            try await eventually("all are under way") {
                var areUnderWay = false
                var resumptions: [ConnectionDriver.Resumption] = []
                connection.driver.locked(&resumptions) {
                    areUnderWay = $0.pending.count == callers.count && $0.machine.waitingCount == 0
                }
                return areUnderWay
            }
            try await server.restart(mode)
            for caller in callers {
                let error = await #expect(throws: PostgresError.self) { try await caller.value }
                #expect(error?.code == .unknownOutcome, "\(String(describing: error))")
            }
            let another = try await PostgresConnection.connect(configuration(server), logger: quiet)
            let kept = try await another.query("SELECT count(*), max(id) FROM marks")[0].decode(Int.self, Int.self)
            #expect(kept == (20, 19))
            await another.close()
        }
    }

    /// Eight workers, each with numbers of its own. Returns what was confirmed.
    private func insertUntilCancelled(_ pool: PostgresPool) async -> [Int] {
        await withTaskGroup { group in
            for worker in 0..<8 {
                group.addTask {
                    var confirmed: [Int] = []
                    var number = worker
                    while !Task.isCancelled {
                        do {
                            try await pool.query("INSERT INTO marks VALUES (\(number))")
                            confirmed.append(number)
                        } catch let error as PostgresError {
                            // Nothing but the loss, told in one way or another.
                            #expect(error.code != .server, "\(error)")
                        } catch {
                            Issue.record(error)
                        }
                        number += 8
                    }
                    return confirmed
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
    }

    @Test func `errors of connecting say what is wrong`() async throws {
        let server = try await TestServer.shared
        func failure(_ string: String, timeout: Duration = .seconds(30)) async -> PostgresError? {
            await #expect(throws: PostgresError.self) {
                _ = try await PostgresConnection.connect(
                    PostgresConfiguration(connectionString: string, connectTimeout: timeout),
                    logger: quiet
                )
            }
        }
        let database = await failure(server.connectionString(database: "nowhere"))
        #expect(database?.code == .connection && database?.sqlState == "3D000")
        let role = await failure(server.connectionString(user: "nobody"))
        #expect(role?.sqlState == "28000")
        let port = await failure("postgresql://127.0.0.1:1/x")
        #expect(port?.code == .connection && port?.message.contains("refused") == true)
        let nonsense = await failure("host=")
        #expect(nonsense != nil)
        let unreadable = await failure("nonsense")
        #expect(unreadable?.code == .invalidUse)
        let name = await failure("postgresql://no.such.host.invalid/x")
        #expect(name?.code == .connection)
    }

    @Test func `a server that accepts and says nothing is given up in time`() async throws {
        let listener = try SilentListener()
        let start = ContinuousClock.now
        let error = await #expect(throws: PostgresError.self) {
            _ = try await PostgresConnection.connect(
                PostgresConfiguration(
                    connectionString: "postgresql://127.0.0.1:\(listener.port)/x",
                    connectTimeout: .milliseconds(200)
                ),
                logger: quiet
            )
        }
        #expect(error?.code == .timeout)
        #expect(.now - start < .seconds(100))

        let connecting = Task {
            try await PostgresConnection.connect(
                PostgresConfiguration(
                    connectionString: "postgresql://127.0.0.1:\(listener.port)/x",
                    connectTimeout: .seconds(60)
                ),
                logger: quiet
            )
        }
        connecting.cancel()
        let cancelled = await #expect(throws: PostgresError.self) { _ = try await connecting.value }
        #expect(cancelled?.code == .cancelled)
    }

    @Test func `of several hosts the one that can be written to is used`() async throws {
        let server = try await TestServer.shared
        let configuration = PostgresConfiguration(
            connectionString: "postgresql://tenure@127.0.0.1:1,127.0.0.1:\(server.port)/tenure",
            connectTimeout: .seconds(30)
        )
        let connection = try await PostgresConnection.connect(configuration, logger: quiet)
        let value = try await connection.query("SELECT 1")[0].decode(Int.self)
        #expect(value == 1)
        await connection.close()
    }

    @Test func `settings and defaults are in force, the user's own win`() async throws {
        let server = try await TestServer.shared
        let options = "options=-c%20client_connection_check_interval%3D700ms"
        let configuration = PostgresConfiguration(
            connectionString: server.connectionString() + "?application_name=mine&\(options)",
            settings: ["search_path": "pg_catalog, \"a b\\c\"", "lock_timeout": "9s"],
            connectTimeout: .seconds(30)
        )
        let connection = try await PostgresConnection.connect(configuration, logger: quiet)
        func setting(_ name: String) async throws -> String {
            try await connection.query("SELECT current_setting(\(name))")[0].decode(String.self)
        }
        let shown = try await [
            setting("client_connection_check_interval"), setting("idle_in_transaction_session_timeout"),
            setting("search_path"), setting("lock_timeout"), setting("application_name"), setting("client_encoding"),
        ]
        #expect(shown == ["700ms", "1s", "pg_catalog, \"a b\\c\"", "9s", "mine", "UTF8"])
        #expect(connection.serverVersion >= 140_000)
        let pid = try await connection.query("SELECT pg_backend_pid()")[0].decode(Int32.self)
        #expect(pid == connection.backendPID)
        await connection.close()
    }
}
