import Glibc
package import LocalCluster

/// An asynchronous standby: a base backup of a server, which misses all that is committed there afterwards.
package struct Standby: Sendable {
    /// Runs once it has been promoted.
    package let server: PostgresServer
    private let account: ServerAccount?

    fileprivate init(of primary: PostgresServer, in directory: String, port: Int?) async throws {
        account = try ServerAccount.find()
        if let account { _ = chown(directory, account.userID, account.groupID) }
        server = try PostgresServer(
            PostgresServerConfiguration(
                dataDirectory: directory,
                port: port,
                isDurable: false,
                // Its recovery ends with the log that was copied; what follows is a timeline of its own.
                settings: ["restore_command": "false"]
            )
        )
        try await run(
            try await PostgresInstallation.find().binaries + "/pg_basebackup",
            [
                "--pgdata=\(directory)", "--wal-method=fetch", "--checkpoint=fast", "--no-sync",
                "--dbname=\(primary.connectionString(database: "postgres", user: "postgres"))",
            ]
        )
    }

    /// Makes it the primary. The other one must not accept commits any more.
    package func promote() async throws {
        try await run("touch", ["\(server.configuration.dataDirectory)/recovery.signal"])
        try await server.start()
    }

    private func run(_ program: String, _ arguments: [String]) async throws {
        let command = account?.command(program, arguments) ?? (program: program, arguments: arguments)
        try await ChildProcess.runSuccessfully(command.program, command.arguments, workingDirectory: "/")
    }
}

/// Runs `body` with a copy of a server as it is now.
///
/// - Parameter port: Where the copy listens once it is promoted; `nil`: anywhere.
package func withStandby<Result: Sendable>(
    of primary: PostgresServer,
    port: Int? = nil,
    _ body: (Standby) async throws -> Result
) async throws -> Result {
    let directory = try TemporaryDirectory.create(prefix: "tenure-test")
    defer { TemporaryDirectory.remove(directory) }
    let standby = try await Standby(of: primary, in: directory, port: port)
    do {
        let result = try await body(standby)
        await standby.server.close(.immediate)
        return result
    } catch {
        await standby.server.close(.immediate)
        throw error
    }
}
