import FoundationEssentials
import Glibc
import LocalCluster
import TestSupport
import Testing

@Suite("A private PostgreSQL server", .timeLimit(.minutes(5)))
struct PostgresServerTests {
    @Test("each test gets a database of its own with the schema, as an ordinary role", arguments: 0..<4)
    func testDatabase(number: Int) async throws {
        try await withTestDatabase { url in
            let output = try await psql(
                url,
                "SELECT (SELECT count(*) FROM tenure.active_strategies), rolsuper FROM pg_roles WHERE rolname = current_user"
            )
            #expect(output == "0|f")
            try await psql(url, "CREATE TABLE mine (number int)")
        }
    }

    @Test("a database without the schema is empty, and gone after the test")
    func emptyDatabase() async throws {
        let url = try await withTestDatabase(migrated: false) { url in
            let count = try await psql(url, "SELECT count(*) FROM pg_namespace WHERE nspname = 'tenure'")
            #expect(count == "0")
            return url
        }
        await #expect(throws: ChildProcessError.self) { try await psql(url, "SELECT 1") }
    }

    @Test(
        "a restart keeps the port and what was committed",
        arguments: [.fast, .immediate, .kill] as [PostgresServer.StopMode]
    )
    func restart(mode: PostgresServer.StopMode) async throws {
        try await withPrivateServer { server in
            let url = server.connectionString()
            let pid = server.process?.pid
            try await psql(url, "CREATE TABLE kept (n int)")
            try await psql(url, "INSERT INTO kept VALUES (42)")
            // A client in the middle of a statement does not keep the server from going down.
            let busy = try ChildProcess(.init(program: "psql", arguments: [url, "-c", "SELECT pg_sleep(600)"]))
            try await eventually("the statement runs") {
                try await server.query("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'")
                    == "1"
            }
            try await server.restart(mode)
            #expect(server.connectionString() == url)
            #expect(server.process?.pid != pid)
            #expect(try await psql(url, "SELECT n FROM kept") == "42")
            #expect(try await !busy.waitForExit().isSuccess)
        }
    }

    @Test("a pid file whose pid belongs to another process by now does not keep it from starting")
    func stalePidFile() async throws {
        try await withPrivateServer { server in
            let file = "\(server.configuration.dataDirectory)/postmaster.pid"
            let text = try String(contentsOfFile: file, encoding: .utf8)
            await server.stop(.kill)
            // A living process of the account that the server runs under: PostgreSQL takes it for itself.
            let account = try FileManager.default.attributesOfItem(atPath: server.configuration.dataDirectory)
            let owner = try #require(account[.ownerAccountID] as? Int)
            let other = try ChildProcess(
                .init(program: "setpriv", arguments: ["--reuid=\(owner)", "--clear-groups", "sleep", "600"])
            )
            var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            lines[0] = "\(other.pid)"
            try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: file))
            try await server.start()
            #expect(try await server.query("SELECT 1") == "1")
            #expect(other.exitStatus == nil)
            await other.end(.kill)
        }
    }

    @Test("a second server on the same directory is refused, and the first goes on")
    func secondServer() async throws {
        try await withPrivateServer { server in
            let second = try PostgresServer(.init(dataDirectory: server.configuration.dataDirectory))
            let error = await #expect(throws: LocalClusterError.self) { try await second.start() }
            #expect(error?.code == .directoryInUse)
            await second.close()
            #expect(try await server.query("SELECT 1") == "1")
        }
    }

    @Test("a port that is taken is named")
    func portTaken() async throws {
        let shared = try await TestServer.shared
        let directory = try TemporaryDirectory.create(prefix: "tenure-test")
        defer { TemporaryDirectory.remove(directory) }
        try TemporaryDirectory.openToServers(directory)
        let server = try PostgresServer(.init(dataDirectory: "\(directory)/d", port: shared.port, isDurable: false))
        let error = await #expect(throws: LocalClusterError.self) { try await server.start() }
        #expect(error?.code == .portInUse)
        #expect(error?.message.contains("\(shared.port)") == true)
        await server.close()
    }

    @Test(
        "a directory that the server's account cannot reach is an error that says what to do",
        .enabled(if: geteuid() == 0)
    )
    func unreachable() async throws {
        let directory = try TemporaryDirectory.create(prefix: "tenure-test")
        defer { TemporaryDirectory.remove(directory) }
        let server = try PostgresServer(.init(dataDirectory: "\(directory)/d"))
        let error = await #expect(throws: LocalClusterError.self) { try await server.start() }
        #expect(error?.code == .directoryUnusable)
        #expect(error?.message.contains("chmod o+x") == true)
        await server.close()
    }

    @Test("data of another major version is refused by name")
    func otherVersion() async throws {
        let directory = try TemporaryDirectory.create(prefix: "tenure-test")
        defer { TemporaryDirectory.remove(directory) }
        try TemporaryDirectory.openToServers(directory)
        try FileManager.default.createDirectory(atPath: "\(directory)/d", withIntermediateDirectories: true)
        try Data("8\n".utf8).write(to: URL(filePath: "\(directory)/d/PG_VERSION"))
        let server = try PostgresServer(.init(dataDirectory: "\(directory)/d"))
        let error = await #expect(throws: LocalClusterError.self) { try await server.start() }
        #expect(error?.code == .wrongVersion)
        await server.close()
    }

    @discardableResult
    private func psql(_ url: String, _ sql: String) async throws -> String {
        try await ChildProcess.runSuccessfully("psql", [url, "-XAtqc", sql])
    }
}
