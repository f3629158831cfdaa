import Synchronization

/// A process that is started again when it ends by itself, as a container platform would.
package final class SupervisedProcess: Sendable {
    private struct State {
        var isWanted = false
        var process: ChildProcess?
        /// How often in a row it has ended soon after its start.
        var failures = 0
        var supervision: Task<Void, Never>?
    }

    /// The pause before a start: grows while the process does not stay up.
    private static let pauses: [Duration] = [.milliseconds(500), .seconds(1), .seconds(2), .seconds(5), .seconds(10)]
    /// A process that ran so long starts with the shortest pause again.
    private static let stableAfter = Duration.seconds(10)

    package let name: String
    /// What it has written since the first start.
    package let output = OutputLines()
    private let restarts: Bool
    private let configuration: ChildProcessConfiguration
    private let report: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - restarts: Whether it is started again when it ends by itself.
    ///   - line: Gets every line it writes.
    ///   - report: Gets what happens to it, in words.
    init(
        name: String,
        configuration: ChildProcessConfiguration,
        restarts: Bool,
        line: @escaping @Sendable (String) -> Void,
        report: @escaping @Sendable (String) -> Void
    ) {
        self.name = name
        self.restarts = restarts
        self.report = report
        var configuration = configuration
        configuration.output = .lines { [output] text in
            output.append(text)
            line(text)
        }
        self.configuration = configuration
    }

    /// The process that runs now, or ran last.
    package var process: ChildProcess? {
        state.withLock { $0.process }
    }

    /// The pid, while it runs.
    package var pid: Int32? {
        process.flatMap { $0.exitStatus == nil ? $0.pid : nil }
    }

    /// How often in a row it has ended soon after its start.
    var failures: Int {
        state.withLock { $0.failures }
    }

    /// Starts it. Nothing happens where it runs already.
    package func start() throws {
        try state.withLock { state in
            guard !state.isWanted else { return }
            state.process = try ChildProcess(configuration)
            state.isWanted = true
            state.failures = 0
            // A task of its own, ended by `stop`: supervision lasts longer than any call.
            state.supervision = Task(name: "supervises \(name)") { await self.supervise() }
        }
    }

    /// Sends a signal to the process. One that ends it counts as a crash: it is started again.
    @discardableResult
    package func signal(_ signal: ProcessSignal) -> Bool {
        process?.signal(signal) ?? false
    }

    /// Ends it, waits until it is gone, and leaves it so until it is started again.
    ///
    /// - Parameters:
    ///   - signal: `.kill` is a crash without a restart.
    ///   - grace: How long after another signal it is killed.
    package func stop(_ signal: ProcessSignal = .terminate, grace: Duration = .seconds(15)) async {
        let (process, supervision) = state.withLock { state in
            state.isWanted = false
            defer { state.supervision = nil }
            return (state.process, state.supervision)
        }
        supervision?.cancel()
        await supervision?.value
        await process?.end(signal, grace: grace)
    }

    private func supervise() async {
        var startedAt = ContinuousClock.now
        while let process, let status = try? await process.waitForExit() {
            let wasStable = ContinuousClock.now - startedAt >= Self.stableAfter
            let (isWanted, failures) = state.withLock { state in
                defer { if !restarts { state.isWanted = false } }
                state.failures = status.isSuccess ? 0 : wasStable ? 1 : state.failures + 1
                return (state.isWanted, state.failures)
            }
            let pause = Self.pauses[min(max(failures, 1), Self.pauses.count) - 1]
            guard isWanted else { return }
            guard restarts else {
                return report("\(name) (pid \(process.pid)) ended: \(status)")
            }
            // One that was asked to hand over and go is started again as well: that is how a new version is rolled out.
            let ended = status.isSuccess ? "has ended as asked" : "ended: \(status)"
            report("\(name) (pid \(process.pid)) \(ended); starting it again in \(pause)")
            repeat {
                guard (try? await Task.sleep(for: pause, clock: .continuous)) != nil else { return }
            } while !startAgain()
            startedAt = ContinuousClock.now
        }
    }

    /// - Returns: False where it has to be tried again.
    private func startAgain() -> Bool {
        do {
            let pid = try state.withLock { state -> Int32? in
                guard state.isWanted else { return nil }
                let process = try ChildProcess(configuration)
                state.process = process
                return process.pid
            }
            if let pid { report("\(name) started again (pid \(pid))") }
            return true
        } catch {
            report("\(name) could not be started again: \(error)")
            return false
        }
    }
}
