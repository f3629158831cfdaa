import LocalCluster
import TestSupport
import Testing

@Suite("The load balancer", .timeLimit(.minutes(5)))
struct LoadBalancerTests {
    @Test("requests are spread over the servers, and go on while one is killed, whatever their method")
    func killedServer() async throws {
        try await withServers(2) { servers, balancer in
            var seen: Set<String> = []
            for _ in 0..<10 { seen.insert(try await request(balancer).body) }
            #expect(seen == ["server-1", "server-2"])

            await servers[0].process.end(.kill)
            for number in 0..<20 {
                let answer = try await request(balancer, number % 2 == 0 ? ["-X", "POST", "-d", "x"] : [])
                #expect(answer.status == "200" && answer.body == "server-2")
            }
        }
    }

    @Test("a server that is not ready gets no new requests, but finishes those it has")
    func draining() async throws {
        try await withServers(2) { servers, balancer in
            async let slow = request(balancer, path: "/slow")
            let draining = try await receiver(of: "GET /slow", among: servers)
            let other = try #require(servers.first { $0.name != draining.name })
            draining.process.signal(.hangUp)
            try await eventually("it is out of the rotation") {
                try await statistics(balancer)[draining.name]?.state.hasPrefix("NOLB") == true
            }
            for _ in 0..<6 {
                let answer = try await request(balancer)
                #expect(answer.body == other.name)
            }
            draining.process.signal(ProcessSignal(rawValue: 10))
            let answer = try await slow
            #expect(answer.status == "200" && answer.body == draining.name)
        }
    }

    @Test("the requests of a frozen server are ended")
    func frozen() async throws {
        try await withServers(2) { servers, balancer in
            async let slow = request(balancer, ["-X", "POST", "-d", "x"], path: "/slow")
            let frozen = try await receiver(of: "POST /slow", among: servers)
            frozen.process.signal(.stop)
            let answer = try await slow
            #expect(answer.status != "200")
            let next = try await request(balancer)
            #expect(next.status == "200" && next.body != frozen.name)
        }
    }

    @Test("an answer that is lost is asked for again where that is safe, and only there")
    func repeated() async throws {
        try await withServers(2) { servers, balancer in
            // Takes the first request it gets, and dies without an answer.
            let read = try await request(balancer, path: "/crash-once")
            #expect(read.status == "200")
            let write = try await request(balancer, ["-X", "POST", "-d", "x"], path: "/crash-once")
            #expect(write.status == "502")
            #expect(servers.allSatisfy { $0.process.exitStatus == nil })
        }
    }

    @Test("a port that is taken is named")
    func portTaken() async throws {
        try await withServers(1) { servers, _ in
            let balancer = try LoadBalancer(.init(port: servers[0].port, backends: []))
            let error = await #expect(throws: LocalClusterError.self) { try await balancer.start() }
            #expect(error?.code == .portInUse)
            #expect(error?.message.contains("\(servers[0].port)") == true)
            await balancer.stop()
        }
    }

    private struct Server {
        let name: String
        let port: Int
        let process: ChildProcess
        let output: OutputLines
    }

    /// Real HTTP servers behind a real HAProxy.
    private func withServers(
        _ count: Int,
        _ body: ([Server], LoadBalancer) async throws -> Void
    ) async throws {
        var servers: [Server] = []
        for number in 1...count {
            let port = try LoopbackPort.free()
            let output = OutputLines()
            let name = "server-\(number)"
            let process = try ChildProcess(
                .init(
                    program: "python3",
                    arguments: ["-u", "-c", Self.server, name, "\(port)"],
                    output: .lines { output.append($0) }
                )
            )
            servers.append(Server(name: name, port: port, process: process, output: output))
        }
        for server in servers { _ = try await server.output.first(containing: "ready") }
        let balancer = try LoadBalancer(
            .init(port: try LoopbackPort.free(), backends: servers.map { .init(name: $0.name, port: $0.port) })
        )
        do {
            try await balancer.start()
            // Until its first check a server only passes for up: one that is slow to answer it would lose its requests.
            try await eventually("every server has passed a check") {
                try await statistics(balancer).values.allSatisfy { $0.check == "L7OK" }
            }
            try await body(servers, balancer)
        } catch {
            await balancer.stop()
            for server in servers { await server.process.end(.kill) }
            throw error
        }
        await balancer.stop()
        for server in servers { await server.process.end(.kill) }
    }

    /// The server that gets such a request.
    private func receiver(of request: String, among servers: [Server]) async throws -> Server {
        var receiver: Server?
        try await eventually("a server gets \(request)") {
            receiver = servers.first { $0.output.recent.contains(request) }
            return receiver != nil
        }
        return try #require(receiver)
    }

    private func request(
        _ balancer: LoadBalancer,
        _ options: [String] = [],
        path: String = "/"
    ) async throws -> (status: String, body: String) {
        let output = try await ChildProcess.runSuccessfully(
            "curl",
            ["-sS", "-m", "30", "-w", "\n%{http_code}"] + options
                + ["http://127.0.0.1:\(balancer.configuration.port)\(path)"]
        )
        let lines = output.split(separator: "\n").map(String.init)
        return (lines.last ?? "", lines.first ?? "")
    }

    /// The state of each server and the result of its last check, by HAProxy's own account.
    private func statistics(_ balancer: LoadBalancer) async throws -> [String: (state: String, check: String)] {
        let script = """
            import csv, socket, sys
            s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b"show stat\\n")
            for row in csv.DictReader(s.makefile()):
                if row["check_status"]: print(row["svname"], row["check_status"].strip("* "), row["status"])
            """
        let output = try await ChildProcess.runSuccessfully("python3", ["-c", script, balancer.adminSocket])
        var statistics: [String: (state: String, check: String)] = [:]
        for line in output.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 2).map(String.init)
            statistics[fields[0]] = (state: fields[2], check: fields[1])
        }
        return statistics
    }

    /// Says its name to every request. SIGHUP: not ready any more. `/slow` waits for a SIGUSR1. `/crash-once` closes the
    /// connection without an answer, the first time for each method.
    private static let server = """
        import http.server, signal, sys, threading
        name, port = sys.argv[1], int(sys.argv[2])
        ready, release, crashed = True, threading.Event(), set()
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            def answer(self):
                if self.path != "/readyz": print(self.command, self.path)
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                if self.path == "/slow": release.wait()
                if self.path == "/crash-once" and not crashed.intersection({self.command}):
                    crashed.add(self.command)
                    self.close_connection = True
                    return
                self.send_response(200 if ready or self.path != "/readyz" else 503)
                self.send_header("Content-Length", str(len(name)))
                self.end_headers()
                self.wfile.write(name.encode())
            do_GET = do_POST = answer
            def log_message(self, *arguments): pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        # Taken one by one: a handler runs when the main thread next wakes, and a signal that comes just before it goes to
        # sleep does not wake it.
        signals = {signal.SIGHUP, signal.SIGUSR1}
        signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print("ready")
        while True:
            if signal.sigwait(signals) == signal.SIGHUP: ready = False
            else: release.set()
        """
}
