import TestSupport
import Testing

@testable import LocalCluster

@Suite("A supervised process", .timeLimit(.minutes(5)))
struct SupervisedProcessTests {
    @Test("one that is killed is started again and says so; one that is stopped stays down")
    func restart() async throws {
        let reports = OutputLines()
        let process = SupervisedProcess(
            name: "worker",
            configuration: .init(program: "sh", arguments: ["-c", "echo working; exec sleep 600"]),
            restarts: true,
            line: { _ in },
            report: { reports.append($0) }
        )
        try process.start()
        try process.start()
        let first = try #require(process.pid)
        _ = try await process.output.first(containing: "working")
        process.signal(.kill)
        let ended = try await reports.first(containing: "ended")
        #expect(ended == "worker (pid \(first)) ended: killed by SIGKILL; starting it again in 0.5 seconds")
        _ = try await reports.first(containing: "started again")
        let second = try #require(process.pid)
        #expect(second != first)

        await process.stop(.kill)
        #expect(process.pid == nil)
        try process.start()
        #expect(process.pid != nil)
        await process.stop()
        #expect(reports.recent.count == 2)
    }

    @Test("one that ends as asked, with status 0, is started again too, and that counts as no failure")
    func endedAsAsked() async throws {
        let reports = OutputLines()
        let process = SupervisedProcess(
            name: "worker",
            configuration: .init(
                program: "sh",
                arguments: ["-c", "trap 'exit 0' TERM; echo working; while :; do sleep 0.05; done"]
            ),
            restarts: true,
            line: { _ in },
            report: { reports.append($0) }
        )
        try process.start()
        let first = try #require(process.pid)
        _ = try await process.output.first(containing: "working")
        process.signal(.terminate)
        let ended = try await reports.first(containing: "ended")
        #expect(ended == "worker (pid \(first)) has ended as asked; starting it again in 0.5 seconds")
        _ = try await reports.first(containing: "started again")
        #expect(process.failures == 0)
        await process.stop(.kill)
    }

    @Test("one that is not to be restarted stays down until it is started")
    func noRestart() async throws {
        let reports = OutputLines()
        let process = SupervisedProcess(
            name: "worker",
            configuration: .init(program: "sleep", arguments: ["600"]),
            restarts: false,
            line: { _ in },
            report: { reports.append($0) }
        )
        try process.start()
        process.signal(.kill)
        _ = try await reports.first(containing: "ended: killed by SIGKILL")
        #expect(process.pid == nil)
        try process.start()
        #expect(process.pid != nil)
        await process.stop()
        #expect(process.pid == nil)
    }

    @Test("stopping it in the pause before a restart leaves it down")
    func stoppedInThePause() async throws {
        let reports = OutputLines()
        let process = SupervisedProcess(
            name: "worker",
            configuration: .init(program: "sleep", arguments: ["600"]),
            restarts: true,
            line: { _ in },
            report: { reports.append($0) }
        )
        try process.start()
        process.signal(.kill)
        _ = try await reports.first(containing: "starting it again")
        await process.stop()
        #expect(process.pid == nil)
        #expect(reports.recent.count == 1)
    }
}
