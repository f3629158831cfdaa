import FoundationEssentials
import LocalCluster

/// A Python environment with other people's Binance clients, from PyPI. Made once, below the build folder, and kept.
enum PythonClients {
    private static let packages = ["ccxt==4.5.90", "python-binance==1.0.37"]

    private enum Outcome {
        case ready(python: String)
        /// There is no way to PyPI from here.
        case unreachable
    }

    private struct InstallationFailed: Error, CustomStringConvertible { let description: String }

    private static let root: String = {
        // …/Tests/ExchangeSimulatorTests/Clients/PythonClients.swift
        "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    }()

    private static let making = Task { try await make() }

    static let isMissing = "PyPI cannot be reached from here, and ccxt and python-binance were not fetched before"

    static var canBeHad: Bool {
        get async throws { if case .ready = try await making.value { true } else { false } }
    }

    /// Runs a program of this folder to its end; answers with whether it succeeded, and what it said.
    static func run(_ program: String, port: Int) async throws -> (isSuccess: Bool, output: String) {
        guard case .ready(let python) = try await making.value else { return (false, isMissing) }
        let path = "\(root)/Tests/ExchangeSimulatorTests/Clients/Programs/\(program)"
        let (status, output) = try await ChildProcess.run(python, ["-B", path, "\(port)"])
        return (status.isSuccess, output)
    }

    private static func make() async throws -> Outcome {
        let folder = "\(root)/.build/python-clients-\(packages.joined(separator: "-"))"
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
            throw InstallationFailed(description: "pip could not install the clients:\n\(output)")
        }
        try Data().write(to: URL(filePath: done))
        return .ready(python: python)
    }
}
