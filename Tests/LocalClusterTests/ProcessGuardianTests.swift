import FoundationEssentials
import Glibc
import LocalCluster
import TestSupport
import Testing

@Suite("What a process started ends with it", .timeLimit(.minutes(5)))
struct ProcessGuardianTests {
    @Test("its children are killed and its directories removed when it is killed, even a frozen child")
    func killedParent() async throws {
        let result = try #require(
            await #expect(processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]) {
                let directory = try TemporaryDirectory.create(prefix: "tenure-guardian")
                try Data("x".utf8).write(to: URL(filePath: "\(directory)/file"))
                let children = try (0..<3).map { _ in try ChildProcess(.init(program: "sleep", arguments: ["600"])) }
                children[1].signal(.stop)
                let ended = try ChildProcess(.init(program: "true"))
                try await ended.waitForExit()
                print(directory, children.map { "\($0.pid)" }.joined(separator: " "))
                fflush(nil)
                kill(getpid(), SIGKILL)
            }
        )
        let words = try Self.lastWords(result)
        let pids = words.dropFirst().compactMap { Int32($0) }
        try #require(pids.count == 3)
        try await eventually("every child is gone") { pids.allSatisfy { ProcessTable.state(of: $0) == nil } }
        try await eventually("the directory is gone") { !FileManager.default.fileExists(atPath: words[0]) }
    }

    @Test("they end in the same way when it just exits")
    func exitedParent() async throws {
        let result = try #require(
            await #expect(processExitsWith: .exitCode(0), observing: [\.standardOutputContent]) {
                let child = try ChildProcess(
                    .init(program: "sleep", arguments: ["600"], signalOnParentDeath: .interrupt)
                )
                print("-", child.pid)
                fflush(nil)
                exit(0)
            }
        )
        let pid = try #require(try Self.lastWords(result).last.flatMap { Int32($0) })
        try await eventually("the child is gone") { ProcessTable.state(of: pid) == nil }
    }

    @Test("a private PostgreSQL server is stopped when its process is killed")
    func postgres() async throws {
        let result = try #require(
            await #expect(processExitsWith: .signal(SIGKILL), observing: [\.standardOutputContent]) {
                let server = try await TestServer.shared
                print(server.configuration.dataDirectory, server.process?.pid ?? 0)
                fflush(nil)
                kill(getpid(), SIGKILL)
            }
        )
        let words = try Self.lastWords(result)
        let pid = try #require(Int32(words[1]))
        try #require(pid > 1)
        try await eventually("the server is gone") { ProcessTable.state(of: pid) == nil }
        try await eventually("its data is gone") { !FileManager.default.fileExists(atPath: words[0]) }
    }

    /// The words of the last line that the process wrote.
    private static func lastWords(_ result: ExitTest.Result) throws -> [String] {
        let output = String(decoding: result.standardOutputContent, as: UTF8.self)
        let line = try #require(output.split(separator: "\n").last)
        return line.split(separator: " ").map(String.init)
    }
}
