import Glibc
import Synchronization

/// A private PostgreSQL server on 127.0.0.1 and a Unix socket, stopped with this process at the latest.
///
/// Whoever can connect from this machine is trusted: it is for development and tests, never for anything exposed.
/// Two roles are made: the superuser `postgres`, and `tenure`, which owns the database `tenure` and may create more.
package final class PostgresServer: Sendable {
    /// How a running server is stopped.
    package enum StopMode: Sendable {
        /// Waits for every client to go.
        case smart
        /// Ends every session, writes a checkpoint.
        case fast
        /// As in a crash: no checkpoint, recovery at the next start.
        case immediate
        /// SIGKILL to the server process alone; its backends notice by themselves.
        case kill
        /// SIGKILL to the server and every process of it: its machine is gone.
        case powerLoss

        var signal: ProcessSignal {
            switch self {
            case .smart: .terminate
            case .fast: .interrupt
            case .immediate: .quit
            case .kill, .powerLoss: .kill
            }
        }
    }

    private struct State {
        var process: ChildProcess?
        var port: Int?
        var installation: PostgresInstallation?
    }

    package let configuration: PostgresServerConfiguration
    /// Where the Unix socket is.
    package let socketDirectory: String
    private let directory: PostgresDataDirectory
    private let state = Mutex(State())

    package init(_ configuration: PostgresServerConfiguration) throws {
        self.configuration = configuration
        directory = PostgresDataDirectory(path: configuration.dataDirectory, account: try ServerAccount.find())
        socketDirectory = try TemporaryDirectory.create(prefix: "tenure-pg")
        if let account = directory.account {
            _ = chown(socketDirectory, account.userID, account.groupID)
        }
        state.withLock { $0.port = configuration.port }
    }

    /// The port on 127.0.0.1; the same across restarts. 0 before the first start.
    package var port: Int {
        state.withLock { $0.port } ?? 0
    }

    /// The process that now runs, if one does.
    package var process: ChildProcess? {
        state.withLock { $0.process }
    }

    /// How to connect, over TCP.
    package func connectionString(database: String = "tenure", user: String = "tenure") -> String {
        "postgresql://\(user)@127.0.0.1:\(port)/\(database)"
    }

    /// Starts the server and waits until it accepts connections, recovery included.
    package func start() async throws {
        precondition(process?.exitStatus != nil || process == nil, "the server runs already")
        try await directory.prepare()
        let installation = try await PostgresInstallation.find(majorVersion: directory.majorVersion)
        state.withLock { $0.installation = installation }
        let isNew = directory.majorVersion == nil
        if isNew {
            try await directory.initialize(with: installation, isDurable: configuration.isDurable)
        }
        try await directory.waitUntilUnused()
        try await launch(installation)
        try await createOwner()
    }

    /// Stops the server and waits until it is gone. Nothing happens if it does not run.
    package func stop(_ mode: StopMode = .fast) async {
        guard let process else { return }
        if mode == .powerLoss {
            // It makes no more of them meanwhile, and a stopped one ends as well.
            process.signal(.stop)
            for child in PostgresProcesses.children(of: process.pid) { _ = kill(child, SIGKILL) }
        }
        let grace: Duration = mode == .smart ? .seconds(3_600) : .seconds(30)
        _ = await process.end(mode.signal, grace: grace)
        state.withLock { $0.process = nil }
    }

    /// Makes a primary of a running standby, and waits until it accepts writes.
    package func promote() async throws {
        guard try await query("SELECT pg_promote(wait_seconds => 60)") == "t" else {
            throw LocalClusterError(code: .notStarted, message: "The standby was not promoted within a minute.")
        }
    }

    /// Stops it and starts it again, on the same port.
    package func restart(_ mode: StopMode = .fast) async throws {
        await stop(mode)
        try await start()
    }

    /// Stops it for good and removes its socket directory; the data stays.
    package func close(_ mode: StopMode = .fast) async {
        await stop(mode)
        TemporaryDirectory.remove(socketDirectory)
    }

    /// Runs SQL with psql: one statement, or several outside of a transaction.
    ///
    /// - Returns: The rows, one a line, columns separated by `|`.
    @discardableResult
    package func query(_ sql: String, database: String = "postgres", user: String = "postgres") async throws -> String {
        try await psql(["--command=\(sql)"], database: database, user: user)
    }

    /// Runs a file of SQL with psql.
    package func run(file: String, database: String, user: String = "tenure") async throws {
        try await psql(["--file=\(file)"], database: database, user: user)
    }

    @discardableResult
    private func psql(_ arguments: [String], database: String, user: String) async throws -> String {
        guard let installation = state.withLock({ $0.installation }) else {
            preconditionFailure("the server was never started")
        }
        return try await ChildProcess.runSuccessfully(
            installation.path("psql"),
            [
                "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1",
                "--dbname=\(connectionString(database: database, user: user))",
            ] + arguments
        )
    }

    private func createOwner() async throws {
        // One by one, and only what is missing: a start may have been interrupted in between.
        let missing = try await query(
            """
            SELECT 'CREATE ROLE tenure LOGIN CREATEDB'
            WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tenure')
            UNION ALL SELECT 'CREATE DATABASE tenure OWNER tenure'
            WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'tenure')
            """
        )
        for statement in missing.split(separator: "\n") {
            try await query(String(statement))
        }
    }

    /// Starts the process; again where a port that was free has just been taken, or where the backends of a killed
    /// server have not noticed yet.
    private func launch(_ installation: PostgresInstallation) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while true {
            let port = try port != 0 ? port : LoopbackPort.free()
            let outcome = try await launch(installation, port: port)
            switch outcome {
            case .ready:
                state.withLock { $0.port = port }
                return
            case .ended(let output):
                let isPortTaken = output.contains("could not bind")
                if isPortTaken, self.port != 0 {
                    throw LocalClusterError(
                        code: .portInUse,
                        message: "Port \(port) on 127.0.0.1 is in use, so PostgreSQL cannot listen on it."
                    )
                }
                let isTemporary = isPortTaken || output.contains("is still in use")
                guard isTemporary, ContinuousClock.now < deadline else {
                    throw LocalClusterError(
                        code: .notStarted,
                        message: "PostgreSQL did not start on \(configuration.dataDirectory):\n\(output)"
                    )
                }
                // Nothing announces the end of the last orphaned backend.
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    private enum LaunchOutcome {
        case ready
        case ended(String)
    }

    private func launch(_ installation: PostgresInstallation, port: Int) async throws -> LaunchOutcome {
        let ready = OneTimeValue<Bool>()
        let output = LineCollector(keepingLast: 20)
        let log = configuration.log
        let announcement = "database system is ready to accept \(directory.isStandby ? "read-only " : "")connections"
        let program = installation.path("postgres")
        let arguments = arguments(port: port)
        let command = directory.account?.command(program, arguments) ?? (program: program, arguments: arguments)
        var childConfiguration = ChildProcessConfiguration(
            program: command.program,
            arguments: command.arguments,
            workingDirectory: "/",
            output: .lines { line in
                log(line)
                output.append(line)
                if line.contains(announcement) { ready.set(true) }
            },
            signalOnParentDeath: configuration.isDurable ? .interrupt : .quit
        )
        childConfiguration.directoriesToRemoveOnParentDeath = configuration.directoriesToRemoveOnParentDeath
        let process = try ChildProcess(childConfiguration)
        let isReady = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask { try await ready.wait() }
            group.addTask {
                try await process.waitForExit()
                try await process.waitForEndOfOutput()
                return false
            }
            defer { group.cancelAll() }
            do {
                return try await group.next() ?? false
            } catch {
                await process.end(.quit)
                throw error
            }
        }
        guard isReady else { return .ended(output.joined) }
        state.withLock { $0.process = process }
        return .ready
    }

    private func arguments(port: Int) -> [String] {
        var settings = [
            "listen_addresses": "127.0.0.1",
            "port": "\(port)",
            "unix_socket_directories": socketDirectory,
            "max_connections": "200",
            "lc_messages": "C",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "logging_collector": "off",
            "log_destination": "stderr",
            "log_line_prefix": "%m [%p] %a ",
        ]
        if !configuration.isDurable {
            settings["fsync"] = "off"
            settings["synchronous_commit"] = "off"
            settings["full_page_writes"] = "off"
            settings["autovacuum_naptime"] = "1h"
        }
        settings.merge(configuration.settings) { $1 }
        return ["-D", configuration.dataDirectory]
            + settings.sorted { $0.key < $1.key }.flatMap { ["-c", "\($0.key)=\($0.value)"] }
    }
}
