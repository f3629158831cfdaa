import FoundationEssentials
package import LocalCluster

/// PgBouncer in transaction mode in front of a server, for as long as `body` runs.
package enum Bouncer {
    package static var isInstalled: Bool {
        ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"].contains { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// - Parameters:
    ///   - settings: more lines of its configuration.
    ///   - body: gets a connection string.
    package static func run<R>(
        before server: PostgresServer,
        settings: String = "",
        _ body: (String) async throws -> R
    ) async throws -> R {
        let directory = try TemporaryDirectory.create(prefix: "tenure-bouncer")
        defer { TemporaryDirectory.remove(directory) }
        try TemporaryDirectory.openToServers(directory)
        let port = try LoopbackPort.free()
        try "\"tenure\" \"\"\n".write(toFile: "\(directory)/users", atomically: true, encoding: .utf8)
        try """
        [databases]
        tenure = host=127.0.0.1 port=\(server.port) dbname=tenure
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = \(port)
        unix_socket_dir =
        auth_type = trust
        auth_file = \(directory)/users
        pool_mode = transaction
        default_pool_size = 2
        \(settings)
        """
        .write(toFile: "\(directory)/bouncer.ini", atomically: true, encoding: .utf8)
        for file in ["users", "bouncer.ini"] {
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: "\(directory)/\(file)")
        }
        // It refuses to run as root.
        var command = ["pgbouncer", "\(directory)/bouncer.ini"]
        if ProcessEnvironment.isRoot {
            command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"] + command
        }
        let process = try ChildProcess(
            ChildProcessConfiguration(
                program: command[0],
                arguments: Array(command.dropFirst()),
                output: .lines { _ in }
            )
        )
        do {
            try await eventually("PgBouncer listens") { LoopbackPort.accepts(port) }
            let value = try await body("postgresql://tenure@127.0.0.1:\(port)/tenure")
            _ = await process.end(.kill)
            return value
        } catch {
            _ = await process.end(.kill)
            throw error
        }
    }
}
