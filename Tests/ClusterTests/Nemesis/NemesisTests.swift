import LocalCluster
import TestSupport
import Testing

/// The command itself, briefly. `swift run Nemesis --duration 1h` is the long form.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct NemesisTests {
    @Test("a cluster under random faults keeps every promise", arguments: [11, 12] as [UInt64])
    func short(seed: UInt64) async throws {
        try await run(["--seed", "\(seed)", "--duration", "15s", "--replicas", "3", "--strategies", "12"])
    }

    @Test("a strategy that kills its hosts is quarantined, and nobody else; resumed, it runs like all the others")
    func poison() async throws {
        try await run(["--poison", "--seed", "13", "--duration", "10s", "--replicas", "3", "--strategies", "8"])
    }

    private func run(_ arguments: [String]) async throws {
        let output = OutputLines()
        let process = try ChildProcess(
            ChildProcessConfiguration(
                program: try builtExecutable("Nemesis"),
                arguments: arguments,
                output: .lines { output.append($0) }
            )
        )
        let status = try await withTaskCancellationHandler {
            try await process.waitForExit()
        } onCancel: {
            process.signal(.kill)
        }
        try await process.waitForEndOfOutput()
        if status != .exited(0) { print(output.recent.joined(separator: "\n")) }
        #expect(status == .exited(0), "the last it said: \(output.recent.last ?? "nothing")")
    }
}
