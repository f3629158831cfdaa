import Glibc
import Synchronization

/// A program that this process started, and that does not outlive it.
///
/// It runs in a session of its own, so a Ctrl-C in the terminal reaches this process only. It inherits no descriptors.
/// Its pid is reaped here, once, so a signal never reaches a stranger that was given the same pid later.
package final class ChildProcess: Sendable {
    package let pid: Int32
    private let isReaped = Mutex(false)
    private let status = OneTimeValue<ExitStatus>()
    private let outputEnd = OneTimeValue<Void>()

    /// Starts a program.
    ///
    /// - Throws: ``ChildProcessError`` when there is no such program, or the system has no room for it.
    package init(_ configuration: ChildProcessConfiguration) throws {
        guard let path = ProcessEnvironment.executable(configuration.program) else {
            throw ChildProcessError(code: .notFound, message: "\(configuration.program) is not installed")
        }
        let output = try ChildOutput(configuration.output)
        defer { output.closeChildEnd() }
        let (gate, childGate) = try SpawnedProgram.socketPair()
        defer {
            close(gate)
            close(childGate)
        }
        // The shell waits at the gate until the guardian knows its pid, then becomes the program: if this process dies
        // in between, the gate closes and there is nothing left behind.
        let program = SpawnedProgram(
            path: "/bin/sh",
            arguments: [
                "-c", #"read -r go || exit 125; [ -z "$1" ] || cd "$1" || exit 125; shift; exec "$@" </dev/null"#,
                "sh", configuration.workingDirectory ?? "", path,
            ] + configuration.arguments,
            environment: configuration.environment,
            standardInput: childGate,
            standardOutput: output.childEnd,
            inheritsOutput: output.isInherited
        )
        pid = try program.spawn()
        let guardian = ProcessGuardian.shared
        for directory in configuration.directoriesToRemoveOnParentDeath { guardian.add(directory: directory) }
        guardian.add(child: pid, signal: configuration.signalOnParentDeath)
        SpawnedProgram.send("go\n", to: gate)

        output.startReading { [outputEnd] in outputEnd.set(()) }
        BlockingThread.start { self.reap() }
    }

    /// How it ended; nil while it runs.
    package var exitStatus: ExitStatus? {
        status.current
    }

    /// Sends a signal, unless the process has ended.
    ///
    /// - Returns: Whether there was a process to send it to.
    @discardableResult
    package func signal(_ signal: ProcessSignal) -> Bool {
        isReaped.withLock { isReaped in
            !isReaped && kill(pid, signal.rawValue) == 0
        }
    }

    /// Waits until the process has ended.
    ///
    /// - Throws: `CancellationError` when the waiting task is cancelled; the process goes on then.
    @discardableResult
    package func waitForExit() async throws -> ExitStatus {
        try await status.wait()
    }

    /// Waits until the process has ended, at most for `limit`; nil after that.
    ///
    /// - Throws: `CancellationError` when the waiting task is cancelled; the process goes on then.
    package func waitForExit(atMost limit: Duration) async throws -> ExitStatus? {
        try await status.wait(atMost: limit)
    }

    /// Waits until the last line of output has been handed over.
    package func waitForEndOfOutput() async throws {
        try await outputEnd.wait()
    }

    /// Asks the process to end, and kills it if it has not done so after `grace`.
    ///
    /// Goes on when the calling task is cancelled: it is what clean-up does then.
    @discardableResult
    package func end(_ signal: ProcessSignal = .terminate, grace: Duration = .seconds(10)) async -> ExitStatus {
        self.signal(signal)
        // A task of its own, because cancellation must not cut the clean-up short.
        let ending = Task {
            if let status = try await self.waitForExit(atMost: grace) { return status }
            self.signal(.kill)
            return try await self.waitForExit()
        }
        guard let status = try? await ending.value else {
            preconditionFailure("a task that nobody cancels was cancelled")
        }
        return status
    }

    private func reap() {
        var information = siginfo_t()
        // Leaves it a zombie, so that its pid cannot be given away before everybody has forgotten it.
        while waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) != 0 {
            precondition(errno == EINTR, "child \(pid) was reaped by somebody else")
        }
        ProcessGuardian.shared.remove(child: pid)
        var word: Int32 = 0
        isReaped.withLock { isReaped in
            while waitpid(pid, &word, 0) == -1 {
                precondition(errno == EINTR, "child \(pid) was reaped by somebody else")
            }
            isReaped = true
        }
        status.set(ExitStatus(waitStatus: word))
    }
}
