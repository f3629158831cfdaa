import ArgumentParser
import LocalCluster

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract:
            "Starts a whole cluster on this machine: PostgreSQL, an exchange simulator, replicas, a load balancer.",
        discussion: """
            Ctrl-C stops everything that it started, and nothing else. The data stays: the next `tenure up` resumes the \
            strategies.

            Examples:
              tenure up
              tenure up --replicas 5 --port 9000 --demo
            """
    )

    @Option(help: "How many replicas.")
    var replicas = 3

    @Option(help: "Where the load balancer listens.")
    var port = 8080

    @Option(help: "Where the data and the logs are.")
    var data = "./data"

    @Flag(help: "Start some strategies, kill a replica now and then, and say what happens.")
    var demo = false

    func validate() throws {
        guard (1...16).contains(replicas) else { throw ValidationError("--replicas must be from 1 to 16") }
        guard (1...65_535).contains(port) else { throw ValidationError("--port must be from 1 to 65535") }
    }

    func run() async throws {
        do {
            let cluster = try LocalCluster(
                LocalClusterConfiguration(
                    executable: try currentExecutable(),
                    replicas: replicas,
                    port: port,
                    dataDirectory: data,
                    // The demonstration kills replicas itself: no strategy is to be suspected of it.
                    environment: demo ? ["TENURE_SUSPECT_AFTER": "0"] : [:]
                )
            )
            try await cluster.runUntilSignalled { [demo] cluster in
                if demo { try await Demonstration(cluster: cluster).run() }
            }
        } catch let error as LocalClusterError {
            throw fail(error.message, code: 69)
        }
    }
}
