import FoundationEssentials
import LocalCluster
import TestSupport
import Testing

/// With a small program in the place of `tenure`, to see what the cluster itself does; the tests of the whole use `tenure`.
@Suite("A local cluster", .timeLimit(.minutes(5)))
struct LocalClusterTests {
    @Test("it starts in order, answers on one port, brings back a killed replica and stops with nothing left")
    func life() async throws {
        try await withConfiguration { configuration, lines in
            let cluster = try LocalCluster(configuration)
            try await cluster.start()
            let pids = try cluster.replicas.map { try #require($0.pid) }
            let everyone =
                try pids + [
                    #require(cluster.simulator.pid), #require(cluster.postgres.process?.pid),
                    #require(cluster.loadBalancer.process?.pid),
                ]
            #expect(try await HTTPProbe.status(port: cluster.port, path: "/") == 200)
            #expect(cluster.summary.contains("pid \(pids[2])"))

            cluster.replicas[0].signal(.kill)
            _ = try await lines.first(containing: "up        | replica-1 started again")
            try await cluster.replicas[0].waitUntilReady()
            #expect(cluster.replicas[0].pid != pids[0])

            await cluster.replicas[1].kill()
            #expect(cluster.replicas[1].pid == nil)
            let arguments = try await cluster.replicas[2].output.first(containing: "environment")
            #expect(
                arguments
                    == "environment replica-3 127.0.0.1 \(cluster.databaseURL) \(cluster.simulatorURL) EXTRA"
            )

            let restarted = try #require(cluster.replicas[0].pid)
            await cluster.stop()
            for pid in everyone + [restarted] { #expect(ProcessTable.state(of: pid) == nil) }
            _ = try await lines.first(containing: "replica-3 | drained")
            let log = try String(contentsOfFile: "\(cluster.dataDirectory)/logs/replica-3.log", encoding: .utf8)
            #expect(log.contains("drained"))

            // The data stays, and the next cluster goes on with it.
            let next = try LocalCluster(configuration)
            try await next.start()
            #expect(try await next.postgres.query("SELECT 1", database: "tenure", user: "tenure") == "1")
            await next.stop()
        }
    }

    @Test("a second cluster on the same directory is refused with the pid of the first")
    func secondCluster() async throws {
        try await withConfiguration { configuration, _ in
            let first = try LocalCluster(configuration)
            let error = #expect(throws: LocalClusterError.self) { _ = try LocalCluster(configuration) }
            #expect(error?.code == .directoryInUse)
            #expect(error?.message.contains("pid \(ProcessInfo.processInfo.processIdentifier)") == true)
            await first.stop()
            _ = try LocalCluster(configuration)
        }
    }

    @Test("a port that is taken is refused before anything is started")
    func portTaken() async throws {
        let server = try await TestServer.shared
        try await withConfiguration { configuration, _ in
            var configuration = configuration
            configuration.port = server.port
            let error = #expect(throws: LocalClusterError.self) { _ = try LocalCluster(configuration) }
            #expect(error?.code == .portInUse)
        }
    }

    @Test("a replica that cannot start makes the start fail with what it said, and leaves nothing running")
    func brokenReplica() async throws {
        try await withConfiguration { configuration, _ in
            var configuration = configuration
            configuration.environment["BROKEN"] = "yes"
            let cluster = try LocalCluster(configuration)
            let error = await #expect(throws: LocalClusterError.self) { try await cluster.start() }
            #expect(error?.message.contains("it is broken") == true)
            #expect(cluster.postgres.process == nil)
            #expect(cluster.simulator.pid == nil)
            #expect(cluster.replicas.allSatisfy { $0.pid == nil })
        }
    }

    private func withConfiguration(
        _ body: (LocalClusterConfiguration, OutputLines) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory.create(prefix: "tenure-test")
        defer { TemporaryDirectory.remove(directory) }
        try TemporaryDirectory.openToServers(directory)
        let program = "\(directory)/program"
        try Data(Self.program.utf8).write(to: URL(filePath: program))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        let lines = OutputLines()
        let configuration = LocalClusterConfiguration(
            executable: program,
            port: 0,
            dataDirectory: "\(directory)/data",
            environment: ["EXTRA": "EXTRA"],
            isDurable: false,
            terminal: Terminal(isColoured: false) { text in
                for line in text.split(separator: "\n") { lines.append(String(line)) }
            }
        )
        try await body(configuration, lines)
    }

    private static let program = """
        #!/usr/bin/env -S python3 -u
        import http.server, os, signal, sys
        e = os.environ.get
        if sys.argv[1] == "serve":
            if e("BROKEN"): sys.exit("it is broken")
            print("environment", e("TENURE_REPLICA_NAME"), e("TENURE_HOST"), e("TENURE_DATABASE_URL"),
                  e("TENURE_BINANCE_REST_URL"), e("EXTRA"))
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.end_headers()
            def log_message(self, *arguments): pass
        def drain(*_):
            print("drained")
            sys.exit(0)
        signal.signal(signal.SIGTERM, drain)
        http.server.ThreadingHTTPServer(("127.0.0.1", int(e("TENURE_PORT") or sys.argv[3])), Handler).serve_forever()

        """
}
