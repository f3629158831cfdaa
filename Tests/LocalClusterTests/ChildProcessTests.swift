import Glibc
import LocalCluster
import TestSupport
import Testing

@Suite("A child process", .timeLimit(.minutes(5)))
struct ChildProcessTests {
    @Test("its exit code is its status", arguments: [0, 1, 7, 255] as [Int32])
    func exitCode(code: Int32) async throws {
        let child = try ChildProcess(.init(program: "sh", arguments: ["-c", "exit \(code)"]))
        #expect(try await child.waitForExit() == .exited(code))
        #expect(child.exitStatus == .exited(code))
    }

    @Test("the signal that killed it is its status")
    func killed() async throws {
        let child = try ChildProcess(.init(program: "sleep", arguments: ["600"]))
        #expect(child.exitStatus == nil)
        #expect(child.signal(.kill))
        #expect(try await child.waitForExit() == .signalled(.kill))
        #expect(!child.signal(.kill), "there is nobody left to signal")
    }

    @Test("a program that is not there is an error that names it")
    func missing() throws {
        let error = #expect(throws: ChildProcessError.self) {
            _ = try ChildProcess(.init(program: "no-such-program"))
        }
        #expect(error?.message == "no-such-program is not installed")
    }

    @Test("arguments, environment, working directory and both outputs arrive as they are")
    func surroundings() async throws {
        let (status, output) = try await ChildProcess.run(
            "sh",
            [
                "-c", #"pwd; echo "$GREETING" >&2; printf '%s|' "$@"; echo ${HOME-no home}"#, "sh", "a b", "", "$(x)",
                "é\n",
            ],
            environment: ["GREETING": "hello world", "PATH": "/usr/bin:/bin"],
            workingDirectory: "/usr"
        )
        #expect(status.isSuccess)
        #expect(output == "/usr\nhello world\na b||$(x)|é\n|no home")
    }

    @Test("a long output arrives whole and in order, and a last line without an end too")
    func longOutput() async throws {
        let output = try await ChildProcess.runSuccessfully("sh", ["-c", "seq 1 50000; printf end"])
        #expect(output == (1...50_000).map(String.init).joined(separator: "\n") + "\nend")
    }

    @Test("it handles a signal, freezes and goes on")
    func signals() async throws {
        let lines = OutputLines()
        let script = "trap 'echo stopping; exit 3' TERM; echo ready; while :; do sleep 0.01; done"
        let child = try ChildProcess(
            .init(program: "sh", arguments: ["-c", script], output: .lines { lines.append($0) })
        )
        _ = try await lines.first(containing: "ready")
        child.signal(.stop)
        try await eventually("it is frozen") { Self.state(of: child.pid) == "T" }
        child.signal(.terminate)
        #expect(try await child.waitForExit(atMost: .milliseconds(50)) == nil, "a frozen process handles nothing")
        child.signal(.resume)
        #expect(try await child.waitForExit() == .exited(3))
        try await child.waitForEndOfOutput()
        #expect(lines.recent == ["ready", "stopping"])
    }

    @Test("one that ignores a request to end is killed after the grace, cancelled or not")
    func end() async throws {
        let lines = OutputLines()
        let child = try ChildProcess(
            .init(
                program: "sh",
                arguments: ["-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done"],
                output: .lines { lines.append($0) }
            )
        )
        _ = try await lines.first(containing: "ready")
        let cancelled = Task { await child.end(.terminate, grace: .milliseconds(100)) }
        cancelled.cancel()
        #expect(await cancelled.value == .signalled(.kill))
    }

    @Test("waiting for it can be cancelled, and leaves it running")
    func cancelledWait() async throws {
        let child = try ChildProcess(.init(program: "sleep", arguments: ["600"]))
        let waiting = Task { try await child.waitForExit() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(child.exitStatus == nil)
        #expect(await child.end(.kill) == .signalled(.kill))
    }

    @Test("it has a session of its own, so a Ctrl-C in the terminal does not reach it")
    func session() async throws {
        let output = try await ChildProcess.runSuccessfully("sh", ["-c", "cat /proc/$$/stat"])
        let fields = output.split(separator: " ")
        let (pid, processGroup, session) = (fields[0], fields[4], fields[5])
        #expect(processGroup == pid)
        #expect(session == pid)
        #expect(session != "\(getsid(0))")
    }

    @Test("it inherits no descriptor, not even one that is open across exec")
    func descriptors() async throws {
        let leaky = try #require([open("/dev/null", O_RDONLY)].first { $0 >= 0 })
        defer { close(leaky) }
        #expect(fcntl(leaky, F_GETFD) == 0)
        let output = try await ChildProcess.runSuccessfully("sh", ["-c", "ls /proc/$$/fd"])
        #expect(output == "0\n1\n2")
    }

    @Test("a signal that this process ignores is not ignored by the child")
    func ignoredSignals() async throws {
        signal(SIGUSR1, SIG_IGN)
        defer { signal(SIGUSR1, SIG_DFL) }
        let (status, _) = try await ChildProcess.run("sh", ["-c", "kill -USR1 $$; exit 0"])
        #expect(status == .signalled(ProcessSignal(rawValue: SIGUSR1)))
    }

    @Test("many at once are told apart")
    func many() async throws {
        try await withThrowingTaskGroup { group in
            for code in Int32(0)..<60 {
                group.addTask {
                    let (status, _) = try await ChildProcess.run("sh", ["-c", "exit \(code)"])
                    #expect(status == .exited(code))
                }
            }
            try await group.waitForAll()
        }
    }

    /// The state letter in `/proc/PID/stat`.
    private static func state(of pid: Int32) -> String {
        ProcessTable.state(of: pid) ?? ""
    }
}
