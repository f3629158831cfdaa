import FoundationEssentials
import LocalCluster

/// A Python environment with packages from PyPI. Made once, below the build folder, and kept.
package struct PythonEnvironment: Sendable {
    private enum Outcome {
        case ready(python: String)
        /// There is no way to PyPI from here.
        case unreachable
    }

    private struct InstallationFailed: Error, CustomStringConvertible { let description: String }

    /// …/Tests/TestSupport/PythonEnvironment.swift
    package static let packageRoot = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    private let packages: [String]
    private let making: Task<Outcome, any Error>

    /// - Parameter packages: With their versions, as pip takes them.
    package init(name: String, packages: [String]) {
        self.packages = packages
        // Unstructured: whoever asks first must not take it away from the others when it is cancelled.
        making = Task {
            try await Self.make(
                "\(Self.packageRoot)/.build/python-\(name)-\(packages.joined(separator: "-"))",
                packages
            )
        }
    }

    package var isMissing: String {
        "PyPI cannot be reached from here, and \(packages.joined(separator: ", ")) were not fetched before"
    }

    package var canBeHad: Bool {
        get async throws { if case .ready = try await making.value { true } else { false } }
    }

    /// Runs a program to its end; answers with whether it succeeded, and what it said.
    ///
    /// - Parameter program: Its path below the package's folder.
    package func run(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:]
    ) async throws -> (isSuccess: Bool, output: String) {
        guard case .ready(let python) = try await making.value else { return (false, isMissing) }
        let (status, output) = try await ChildProcess.run(
            python,
            ["-B", "\(Self.packageRoot)/\(program)"] + arguments,
            environment: ProcessEnvironment.current.merging(environment) { $1 }
        )
        return (status.isSuccess, output)
    }

    private static func make(_ folder: String, _ packages: [String]) async throws -> Outcome {
        let (python, done) = ("\(folder)/bin/python3", "\(folder)/complete")
        if FileManager.default.fileExists(atPath: done) { return .ready(python: python) }
        try await ChildProcess.runSuccessfully("python3", ["-m", "venv", "--clear", folder])
        let (status, output) = try await ChildProcess.run(
            python,
            ["-m", "pip", "install", "--quiet", "--no-input", "--retries", "1", "--timeout", "15"] + packages
        )
        guard status.isSuccess else {
            // What pip says when it gets no answer at all.
            if output.contains("Retrying (") { return .unreachable }
            throw InstallationFailed(description: "pip could not install \(packages):\n\(output)")
        }
        try Data().write(to: URL(filePath: done))
        return .ready(python: python)
    }
}
