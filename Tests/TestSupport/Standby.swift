import Glibc
package import LocalCluster

/// A base backup of a server, to take its place.
package struct Standby: Sendable {
    package enum Replication: String, CaseIterable, Sendable {
        /// It misses all that is committed after it was made, and runs only once it has been promoted.
        case none
        /// It runs, and follows; a commit does not wait for it.
        case asynchronous
        /// As that, and every commit waits until it has it.
        case synchronous
    }

    package let server: PostgresServer
    private let replication: Replication
    private let account: ServerAccount?

    fileprivate init(
        of primary: PostgresServer,
        in directory: String,
        port: Int?,
        _ replication: Replication
    ) async throws {
        self.replication = replication
        account = try ServerAccount.find()
        if let account { _ = chown(directory, account.userID, account.groupID) }
        server = try PostgresServer(
            PostgresServerConfiguration(
                dataDirectory: directory,
                port: port,
                isDurable: false,
                // The recovery of one that does not follow ends with the log that was copied; what comes then is a
                // timeline of its own.
                settings: replication == .none
                    ? ["restore_command": "false"]
                    : primary.configuration.settings.merging(["hot_standby": "on"]) { $1 }
            )
        )
        try await run(
            try await PostgresInstallation.find().binaries + "/pg_basebackup",
            [
                "--pgdata=\(directory)", "--wal-method=fetch", "--checkpoint=fast", "--no-sync",
                "--dbname=\(primary.connectionString(database: "postgres", user: "postgres"))",
            ] + (replication == .none ? [] : ["--write-recovery-conf"])
        )
        guard replication != .none else { return }
        try await server.start()
        if replication == .synchronous {
            try await primary.query("ALTER SYSTEM SET synchronous_standby_names = '*'")
            try await primary.query("SELECT pg_reload_conf()")
        }
        let state = "state = 'streaming' AND sync_state = '\(replication == .synchronous ? "sync" : "async")'"
        try await eventually("the standby follows") {
            try await primary.query(
                "SELECT count(*) FROM pg_stat_replication WHERE \(state) AND replay_lsn >= pg_current_wal_lsn()"
            ) == "1"
        }
    }

    /// From now on it gets nothing of what the primary commits, though their connection stays: the process that sends it
    /// is stopped. It ends with the primary.
    package func cutOff(from primary: PostgresServer) async throws {
        let sender = try await primary.query("SELECT pid FROM pg_stat_replication")
        guard let pid = Int32(sender), kill(pid, SIGSTOP) == 0 else { throw StandbyNotFollowing() }
    }

    /// Makes it the primary. The other one must not accept commits any more.
    package func promote() async throws {
        guard replication == .none else { return try await server.promote() }
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
/// - Parameters:
///   - port: Where the copy listens; `nil`: anywhere.
///   - replication: Whether it follows the server until it is promoted.
package func withStandby<Result: Sendable>(
    of primary: PostgresServer,
    port: Int? = nil,
    replication: Standby.Replication = .none,
    _ body: (Standby) async throws -> Result
) async throws -> Result {
    let directory = try TemporaryDirectory.create(prefix: "tenure-test")
    defer { TemporaryDirectory.remove(directory) }
    let standby = try await Standby(of: primary, in: directory, port: port, replication)
    do {
        let result = try await body(standby)
        await standby.server.close(.immediate)
        return result
    } catch {
        await standby.server.close(.immediate)
        throw error
    }
}

/// Nothing is sent to the standby.
package struct StandbyNotFollowing: Error {}
