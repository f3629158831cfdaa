import FoundationEssentials
import Glibc

/// The directory of a private PostgreSQL server: made, owned, versioned, and free of what a crash left behind.
struct PostgresDataDirectory: Sendable {
    let path: String
    let account: ServerAccount?

    /// The major version that wrote the data; nil where there is none yet.
    var majorVersion: Int? {
        guard let text = try? String(contentsOfFile: "\(path)/PG_VERSION", encoding: .utf8) else { return nil }
        return Int(text.trimmingSuffix { $0.isWhitespace })
    }

    /// Whether a server on it starts as a standby.
    var isStandby: Bool { FileManager.default.fileExists(atPath: "\(path)/standby.signal") }

    /// Creates the directory, private to the account of the server, and checks that the server can get there.
    func prepare() async throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw LocalClusterError(
                code: .directoryUnusable,
                message: "The directory \(path) cannot be created: choose another data directory. (\(error))"
            )
        }
        guard let account else {
            _ = chmod(path, 0o700)
            return
        }
        var information = stat()
        if stat(path, &information) == 0, information.st_uid != account.userID {
            guard chown(path, account.userID, account.groupID) == 0 else {
                throw LocalClusterError(
                    code: .directoryUnusable,
                    message: "The directory \(path) cannot be given to the user \(account.name)."
                )
            }
        }
        _ = chmod(path, 0o700)
        let command = account.command("/bin/sh", ["-c", #"cd "$1" && : >.reachable && rm .reachable"#, "sh", path])
        let (status, _) = try await ChildProcess.run(command.program, command.arguments)
        guard status.isSuccess else {
            throw LocalClusterError(
                code: .directoryUnusable,
                message: """
                    PostgreSQL refuses to run as root, so it runs as the user \(account.name), and that user cannot \
                    reach \(path). Put the data where it can (--data /var/lib/tenure), or open the way for it \
                    (chmod o+x on each directory above), or start this as an ordinary user.
                    """
            )
        }
    }

    /// Makes the cluster. The superuser is `postgres`.
    func initialize(with installation: PostgresInstallation, isDurable: Bool) async throws {
        var arguments = [
            "--pgdata=\(path)", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C",
            "--no-instructions",
        ]
        if !isDurable { arguments.append("--no-sync") }
        let program = installation.path("initdb")
        let command = account?.command(program, arguments) ?? (program: program, arguments: arguments)
        // Not in this process's directory, which the account of the server may not be allowed to see.
        try await ChildProcess.runSuccessfully(command.program, command.arguments, workingDirectory: "/")
    }

    /// Makes sure that no server runs here, and that none seems to.
    ///
    /// A server whose process has just died is still being stopped: that is waited for. A pid file whose pid was given to
    /// another process since is removed: PostgreSQL takes any process of its own account for the server.
    ///
    /// - Throws: ``LocalClusterError`` when a server runs.
    func waitUntilUnused() async throws {
        let start = ContinuousClock.now
        while let (pid, isStopping) = pidFile() {
            guard isServer(pid) else {
                unlink("\(path)/postmaster.pid")
                return
            }
            guard ContinuousClock.now < start + (isStopping ? .seconds(20) : .seconds(1)) else {
                throw LocalClusterError(
                    code: .directoryInUse,
                    message: """
                        A PostgreSQL server (pid \(pid)) runs on \(path) already: stop it, or use another data directory.
                        """
                )
            }
            // It is not our child, so nothing tells when it is gone.
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// What the pid file says: the first line is the pid, the eighth the state.
    private func pidFile() -> (pid: Int32, isStopping: Bool)? {
        guard let text = try? String(contentsOfFile: "\(path)/postmaster.pid", encoding: .utf8) else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let pid = lines.first.flatMap({ Int32($0) }) else { return nil }
        return (pid, lines.count > 7 && lines[7].hasPrefix("stopping"))
    }

    /// Whether this pid is a PostgreSQL server on this directory, which it has made its working directory.
    private func isServer(_ pid: Int32) -> Bool {
        guard kill(pid, 0) == 0 || errno == EPERM else { return false }
        guard let directory = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/cwd") else {
            // Somebody else's process cannot be seen into; ours could.
            return false
        }
        var here = stat()
        var there = stat()
        return stat(path, &here) == 0 && stat(directory, &there) == 0 && here.st_ino == there.st_ino
            && here.st_dev == there.st_dev
    }
}

extension String {
    func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
        var end = endIndex
        while end > startIndex, predicate(self[index(before: end)]) { end = index(before: end) }
        return self[..<end]
    }
}
