import ArgumentParser

/// What requests cost: beside the least that the same server can do, and beside the same inserts without it.
///
/// The absolute figures say something about the machine, the ratios about this program. Build it for release, `tenure` too.
@main
struct HTTPBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "HTTPBenchmark",
        abstract: "Measures requests per second and their latencies with wrk, on one replica and through HAProxy.",
        subcommands: [Measure.self, Hello.self],
        defaultSubcommand: Measure.self
    )
}

struct Measure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Measures, and prints medians and ratios.")

    enum Part: String, CaseIterable, ExpressibleByArgument {
        case requests, status, start
    }

    @Option(help: "Rounds, in which all contestants run one after the other.")
    var rounds = 5

    @Option(help: "How long each contestant runs in a round, in seconds.")
    var seconds = 3

    @Option(help: "Connections of wrk.")
    var connections = 32

    @Option(help: "Active strategies.")
    var strategies = 100

    @Option(parsing: .upToNextOption, help: "Only these: requests, status, start.")
    var only: [Part] = []

    func run() async throws {
        let parts = Set(only.isEmpty ? Part.allCases : only)
        let load = Load(seconds: seconds, connections: connections)
        try await BenchmarkCluster.with { bench in
            try await bench.start(strategies)
            if parts.contains(.requests) { try await RequestRates(bench: bench, load: load).measure(rounds: rounds) }
            if parts.contains(.status) {
                try await StatusCost(bench: bench, strategies: strategies).measure(rounds: rounds)
            }
            if parts.contains(.start) {
                let markets = strategies + 1...BenchmarkCluster.markets
                try await StartRates(bench: bench, load: load, markets: markets).measure(rounds: rounds)
            }
        }
    }
}
