import LocalCluster
import Postgres

/// Compares this client with pgbench: the same statement, the same server, the same run, rounds of both in turn.
///
/// The absolute figures say something about the machine, the ratios about the client. Build it for release.
///
///     swift run -c release PostgresBenchmark [rounds] [name…]
@main
struct PostgresBenchmark {
    static func main() async throws {
        var arguments = CommandLine.arguments.dropFirst()
        var rounds = 11
        if let given = arguments.first.flatMap({ Int($0) }), given > 0 {
            rounds = given
            arguments.removeFirst()
        }
        let chosen = Set(arguments)
        let directory = try TemporaryDirectory.create(prefix: "tenure-benchmark")
        defer { TemporaryDirectory.remove(directory) }
        try TemporaryDirectory.openToServers(directory)
        let server = try PostgresServer(
            PostgresServerConfiguration(
                dataDirectory: "\(directory)/postgres",
                settings: ["shared_buffers": "512MB", "max_wal_size": "4GB"]
            )
        )
        try await server.start()
        do {
            if chosen.isEmpty || chosen.contains("statements") {
                let statements = try await StatementBenchmark(server: server, directory: directory)
                try await statements.run(rounds: rounds)
            }
            if chosen.isEmpty || chosen.contains("bulk") {
                try await BulkBenchmark(server: server).run(rounds: max(3, rounds / 2))
            }
        } catch {
            await server.close(.immediate)
            throw error
        }
        await server.close(.immediate)
    }
}

extension PostgresServer {
    /// Over the Unix socket, which pgbench uses, too.
    var benchmarkConfiguration: PostgresConfiguration {
        PostgresConfiguration(connectionString: "host=\(socketDirectory) port=\(port) user=tenure dbname=tenure")
    }
}
