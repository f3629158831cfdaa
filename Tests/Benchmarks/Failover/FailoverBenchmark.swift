import ArgumentParser
import Glibc
import LocalCluster
import Trading

/// How long strategies stand still when something happens to their replica, and what it costs that nothing does: real
/// clusters of real processes, durable commits.
@main
struct FailoverBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "FailoverBenchmark",
        abstract: "Measures failovers, drains, restarts, the cost of staying alive, and the way of an order.",
        subcommands: [Measure.self, Hold.self],
        defaultSubcommand: Measure.self
    )
}

struct Measure: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Measures, and prints medians and worst.")

    enum Part: String, CaseIterable, ExpressibleByArgument {
        case floor, kill, freeze, lease, drain, balance, restart, many, idle, orders
    }

    @Option(help: "Rounds of each kind of event.")
    var rounds = 20

    @Option(help: "Strategies on each of the three replicas.")
    var strategies = 100

    @Option(help: "Strategies on the replica that dies with many.")
    var many = 10_000

    @Option(help: "Orders of which the way is measured, at least.")
    var orders = 200

    @Option(
        parsing: .upToNextOption,
        help: "Only these: floor, kill, freeze, lease, drain, balance, restart, many, idle, orders."
    )
    var only: [Part] = []

    func run() async throws {
        let parts = Set(only.isEmpty ? Part.allCases : only)
        if !parts.isDisjoint(with: [.floor, .kill, .freeze, .drain, .balance, .restart]) {
            print("three replicas with \(strategies) strategies each, one-minute candles, durable commits")
            try await BenchmarkCluster.with { bench in
                try await bench.populate(1...(3 * strategies), .oneMinute)
                // With more strategies than shards, one shard is more than one strategy.
                let slack = (3 * strategies + 1_023) / 1_024
                try await bench.waitUntilBalanced(slack: slack)
                let measurements = Measurements(bench: bench, rounds: rounds)
                if parts.contains(.floor) {
                    show([try await LockFloor(url: bench.cluster.databaseURL).measure(rounds: rounds)])
                }
                if parts.contains(.kill) { show(try await measurements.death(.kill)) }
                if parts.contains(.freeze) {
                    show(try await Measurements(bench: bench, rounds: (rounds + 2) / 3).death(.stop))
                }
                if parts.contains(.drain) {
                    let (figures, mostMoves) = try await measurements.drainAndJoin()
                    show(figures)
                    print("most moves of one strategy for one drain or join: \(mostMoves)")
                }
                if parts.contains(.balance) {
                    let (figures, mostMoves) = try await measurements.balance(slack: slack)
                    show(figures)
                    print("most moves of one strategy for one event: \(mostMoves.joined(separator: ", "))")
                }
                // Last: the connection that watches is lost.
                if parts.contains(.restart) {
                    let (figures, moved) = try await Measurements(bench: bench, rounds: (rounds + 2) / 3).restart()
                    show([figures])
                    print("strategies that moved: \(moved)")
                }
            }
        }
        if parts.contains(.lease) {
            print("the same where the server does not end silent sessions (idle_session_timeout 0): the lease alone")
            try await BenchmarkCluster.with(environment: ["PGOPTIONS": "-c idle_session_timeout=0"]) { bench in
                try await bench.populate(1...(3 * strategies), .oneMinute)
                try await bench.waitUntilBalanced(slack: (3 * strategies + 1_023) / 1_024)
                show(try await Measurements(bench: bench, rounds: (rounds + 2) / 3).death(.stop))
            }
        }
        if parts.contains(.many) { show(try await ManyStrategies.measure(many)) }
        if parts.contains(.orders) {
            for count in [1, OrderLatency.most] {
                show(try await OrderLatency.measure(orders: orders, strategies: count))
            }
        }
        if parts.contains(.idle) { try await IdleCost.measure([0, 1_000, 10_000, 100_000]) { print($0) } }
    }

    private func show(_ figures: [Figures]) {
        for figure in figures { print(figure.line) }
        // At once, also into a file.
        fflush(nil)
    }
}

/// For the floor: not for people.
struct Hold: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Takes a lock and keeps it.", shouldDisplay: false)

    @Option var database: String

    func run() { LockFloor.hold(database) }
}
