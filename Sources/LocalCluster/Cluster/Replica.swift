/// One `tenure serve` of a local cluster.
package struct Replica: Sendable {
    package let name: String
    package let port: Int
    package let process: SupervisedProcess

    package var url: String { "http://127.0.0.1:\(port)" }
    /// The pid, while it runs.
    package var pid: Int32? { process.pid }
    /// What it has written.
    package var output: OutputLines { process.output }

    /// Whether it takes traffic.
    package func isReady() async throws -> Bool {
        try await HTTPProbe.status(port: port, path: "/readyz") == 200
    }

    /// Freezes it, or lets it go on; or ends it, which counts as a crash.
    @discardableResult
    package func signal(_ signal: ProcessSignal) -> Bool {
        process.signal(signal)
    }

    /// Kills it with SIGKILL and waits until it is gone. It stays down until ``start()``.
    package func kill() async {
        await process.stop(.kill)
    }

    /// Lets it drain (SIGTERM) and waits until it is gone. It stays down until ``start()``.
    package func stop() async {
        await process.stop(.terminate)
    }

    /// Starts it where it is down.
    package func start() throws {
        try process.start()
    }

    /// Waits until it takes traffic.
    ///
    /// - Throws: ``LocalClusterError`` when it does not within `limit`, or ended three times, with the last it said.
    package func waitUntilReady(within limit: Duration = .seconds(60)) async throws {
        let deadline = ContinuousClock.now + limit
        while try await !isReady() {
            guard ContinuousClock.now < deadline, process.failures < 3 else {
                let reason = process.failures < 3 ? "did not become ready within \(limit)" : "ended again and again"
                throw LocalClusterError(
                    code: .notStarted,
                    message: """
                        \(name) \(reason). The last it said:
                        \(output.recent.suffix(15).joined(separator: "\n"))
                        """
                )
            }
            // A server can only be asked whether it is ready.
            try await Task.sleep(for: .milliseconds(25))
        }
    }
}
