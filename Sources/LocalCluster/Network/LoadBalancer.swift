import FoundationEssentials
import Synchronization

/// HAProxy on 127.0.0.1, stopped with this process at the latest.
package final class LoadBalancer: Sendable {
    package let configuration: LoadBalancerConfiguration
    private let directory: String
    private let running = Mutex<ChildProcess?>(nil)

    package init(_ configuration: LoadBalancerConfiguration) throws {
        self.configuration = configuration
        directory = try TemporaryDirectory.create(prefix: "tenure-lb")
    }

    /// Takes HAProxy's commands, such as `show stat`.
    package var adminSocket: String { "\(directory)/admin.sock" }

    package var process: ChildProcess? {
        running.withLock { $0 }
    }

    /// Checks the configuration, starts HAProxy and waits until it takes connections.
    package func start() async throws {
        guard let program = ProcessEnvironment.executable("haproxy") else {
            throw LocalClusterError(code: .notInstalled, message: "HAProxy is not installed: apt-get install haproxy")
        }
        let file = "\(directory)/haproxy.cfg"
        try Data(configuration.file(adminSocket: adminSocket).utf8).write(to: URL(filePath: file))
        let (status, output) = try await ChildProcess.run(program, ["-c", "-f", file])
        guard status.isSuccess else {
            throw LocalClusterError(
                code: .configurationInvalid,
                message: "HAProxy does not accept its configuration:\n\(output)"
            )
        }
        guard LoopbackPort.isFree(configuration.port) else {
            throw LocalClusterError.portInUse(configuration.port, by: "the load balancer")
        }

        let lines = LineCollector(keepingLast: 20)
        let log = configuration.log
        let process = try ChildProcess(
            ChildProcessConfiguration(
                program: program,
                arguments: ["-db", "-f", file],
                output: .lines { line in
                    lines.append(line)
                    log(line)
                }
            )
        )
        running.withLock { $0 = process }
        // HAProxy says nothing when it is ready.
        while !LoopbackPort.accepts(configuration.port) {
            guard process.exitStatus == nil else {
                throw LocalClusterError(code: .notStarted, message: "HAProxy did not start:\n\(lines.joined)")
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Stops HAProxy at once, with the requests that it is passing on.
    package func stop() async {
        let process = running.withLock { running in
            defer { running = nil }
            return running
        }
        await process?.end()
        TemporaryDirectory.remove(directory)
    }
}
