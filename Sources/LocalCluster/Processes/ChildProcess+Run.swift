import Synchronization

extension ChildProcess {
    /// Runs a program to its end.
    ///
    /// - Returns: How it ended, and its standard output and error together.
    /// - Throws: ``ChildProcessError`` when it cannot be started; `CancellationError`, after the program was killed.
    package static func run(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = ProcessEnvironment.current,
        workingDirectory: String? = nil
    ) async throws -> (status: ExitStatus, output: String) {
        let lines = LineCollector()
        let child = try ChildProcess(
            ChildProcessConfiguration(
                program: program,
                arguments: arguments,
                environment: environment,
                workingDirectory: workingDirectory,
                output: .lines { lines.append($0) }
            )
        )
        do {
            let status = try await child.waitForExit()
            try await child.waitForEndOfOutput()
            return (status, lines.joined)
        } catch {
            await child.end(.kill)
            throw error
        }
    }

    /// Runs a program that has to succeed.
    ///
    /// - Returns: Its standard output and error together.
    /// - Throws: ``ChildProcessError`` with the output when it fails.
    @discardableResult
    package static func runSuccessfully(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = ProcessEnvironment.current,
        workingDirectory: String? = nil
    ) async throws -> String {
        let (status, output) = try await run(
            program,
            arguments,
            environment: environment,
            workingDirectory: workingDirectory
        )
        guard status.isSuccess else {
            throw ChildProcessError(code: .failed, message: "\(program) failed (\(status)):\n\(output)")
        }
        return output
    }
}
