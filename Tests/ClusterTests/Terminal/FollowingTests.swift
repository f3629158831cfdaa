import HTTPTypes
import LocalCluster
import Synchronization
import TestSupport
import Testing
import Trading

/// Commands that go on until they are told to end, as processes of their own; and what they look like on a terminal.
@Suite(.timeLimit(.minutes(5)))
struct FollowingTests {
    @Test("events --follow shows what happens, as it happens, also when its replica dies; status --watch looks again")
    func following() async throws {
        try await withCluster(replicas: 2) { cluster in
            try await cluster.start("BTCUSDT", "1s")
            let events = try Command(["events", "--follow", "--json", "--url", cluster.cluster.url])
            let status = try Command(["status", "--watch", "--json", "--url", cluster.cluster.url])
            try await eventually("the past") { events.contains(#""kind":"started""#) }
            try await eventually("three looks") { status.count(#""symbol":"BTCUSDT""#) >= 3 }
            #expect(status.count("candles") >= 3)

            let owner = try await cluster.owner(of: "BTCUSDT")
            owner.signal(.kill)
            try await eventually("word of the failover") { events.contains(#""kind":"fenced""#) }
            _ = try await cluster.post("/api/live-strategy/pause", #"{"symbol":"BTCUSDT"}"#)
            try await eventually("word of the pause") { events.contains(#""kind":"paused""#) }
            try await eventually("the status") { status.contains(#""status":"paused""#) }
            // Each event once, in order.
            let ids = events.lines.compactMap { (try? JSONValue(text: $0))?["id"]?.integer }
            #expect(ids.count == events.lines.count && ids == ids.sorted() && Set(ids).count == ids.count)
            for command in [events, status] { await command.end() }
        }
    }

    @Test("on a terminal tables fit and are coloured, unless NO_COLOR is set; elsewhere they are neither")
    func terminal() async throws {
        try await withCluster(replicas: 1) { cluster in
            try await cluster.start("BTCUSDT", "1s")
            let program = "\(try builtExecutable()) status --url \(cluster.cluster.url)"
            let narrow = try await onTerminal("stty cols 80; \(program)")
            #expect(narrow.contains("\u{1B}[1mID") && narrow.contains("\u{1B}[3"), "\(narrow)")
            let plain = try await onTerminal("stty cols 80; NO_COLOR=1 \(program)")
            #expect(!plain.contains("\u{1B}[") && plain.contains("BTCUSDT"), "\(plain)")
            #expect(plain.split(whereSeparator: \.isNewline).allSatisfy { $0.count <= 80 }, "\(plain)")
            let wide = try await cluster.command("status").output
            #expect(!wide.contains("\u{1B}[") && wide.contains("LAST CANDLE"), "\(wide)")
        }
    }

    @Test("on a terminal, what takes longer than a second says so")
    func progress() async throws {
        try await WebhookReceiver.with(answer: { _, _ in
            try? await Task.sleep(for: .seconds(3))
            return .ok
        }) { _, url in
            let said = try await onTerminal(
                "\(try builtExecutable()) start BTCUSDT --mode scalp --interval 1m --url \(url)"
            )
            #expect(said.contains("Starting BTCUSDT … 1 s"), "\(said)")
        }
    }

    /// What a shell command shows on a terminal of its own.
    private func onTerminal(_ command: String) async throws -> String {
        var environment = ProcessEnvironment.current.filter { !$0.key.hasPrefix("TENURE_") }
        environment["TERM"] = "xterm"
        environment["NO_COLOR"] = nil
        return try await ChildProcess.run("script", ["-qec", command, "/dev/null"], environment: environment).output
    }

    /// A command that runs until it is ended.
    private final class Command: Sendable {
        private let process: ChildProcess
        private let output: Output

        init(_ arguments: [String]) throws {
            let output = Output()
            self.output = output
            process = try ChildProcess(
                ChildProcessConfiguration(
                    program: try builtExecutable(),
                    arguments: arguments,
                    output: .lines { line in output.lines.withLock { $0.append(line) } }
                )
            )
        }

        var lines: [String] { output.lines.withLock { $0 } }

        func contains(_ text: String) -> Bool { lines.contains { $0.contains(text) } }

        func count(_ text: String) -> Int { lines.count { $0.contains(text) } }

        func end() async { _ = await process.end(.kill) }

        private final class Output: Sendable {
            let lines = Mutex<[String]>([])
        }
    }
}
