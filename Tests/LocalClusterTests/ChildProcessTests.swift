import LocalCluster
import Testing

@Suite("A child process", .timeLimit(.minutes(1)))
struct ChildProcessTests {
    @Test("its exit code is its status", arguments: [0, 1, 7, 255] as [Int32])
    func exitCode(code: Int32) async throws {
        let child = try ChildProcess(.init(program: "sh", arguments: ["-c", "exit \(code)"]))
        #expect(try await child.waitForExit() == .exited(code))
    }
}
