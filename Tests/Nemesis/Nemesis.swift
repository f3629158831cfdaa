import ArgumentParser
import FoundationEssentials

/// Builds a real cluster, does it all the harm it can, heals it, and judges what is left.
@main
struct Nemesis: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "Nemesis",
        abstract: "Disturbs a real cluster by chance, and judges what it leaves behind.",
        discussion: """
            PostgreSQL, the exchange simulator and the replicas are private processes on this machine. The same seed plans the \
            same faults and requests; how they fall is up to the machine. The exit status is 0 if nothing was violated; else the \
            data directory and all logs are kept, and it is 1.

            Faults: \(FaultKind.allCases.map(\.rawValue).joined(separator: ", ")).
            """
    )

    @Option(help: "What everything is derived from; without it, a random one.")
    var seed: UInt64 = .random(in: 1...999_999)

    @Option(help: "How long the cluster is disturbed: 60s, 5m, 1h. Healing and judging come on top.")
    var duration: RunLength = RunLength(value: .seconds(60))

    @Option(help: "Replicas.")
    var replicas = 4

    @Option(help: "Markets with a strategy each, on one-second candles.")
    var strategies = 30

    @Option(help: "Only these faults, separated by commas.")
    var faults: String?

    @Flag(inversion: .prefixedNo, help: "Give some replicas a wall clock that is wrong by up to ten minutes.")
    var clocks = true

    @Flag(
        help: """
            One of the strategies kills whoever runs it, until it is quarantined. Of the faults only those remain after which no \
            replica counts as crashed: whoever is killed by chance would put the innocent under suspicion.
            """
    )
    var poison = false

    @Option(help: "Where the data and the logs go; without it, a new directory in /tmp.")
    var directory: String?

    @Flag(help: "Keep the directory although nothing was violated.")
    var keep = false

    @Flag(help: "Only print the plan.")
    var plan = false

    func validate() throws {
        guard (1...20).contains(replicas) else { throw ValidationError("--replicas must be from 1 to 20") }
        guard (1...2_000).contains(strategies) else { throw ValidationError("--strategies must be from 1 to 2000") }
        _ = try kinds()
    }

    func run() async throws {
        let settings = NemesisSettings(
            seed: seed,
            duration: duration.value,
            replicas: replicas,
            strategies: strategies,
            kinds: try kinds(),
            skewsClocks: clocks,
            hasPoison: poison
        )
        if plan {
            for fault in settings.schedule.faults { print("\(fault.begin.milliseconds) ms: \(fault)") }
            return
        }
        let directory = directory ?? "/tmp/tenure-nemesis-\(seed)-\(UInt32.random(in: .min ... .max))"
        let run = try NemesisRun(settings, directory: directory)
        try await run.run()
        let violations = run.log.violations
        guard violations.isEmpty else {
            run.log.note("FAILED: \(violations.count) violations with seed \(seed); everything is in \(directory)")
            throw ExitCode(1)
        }
        run.log.note("PASSED with seed \(seed)")
        if !keep { try FileManager.default.removeItem(atPath: directory) }
    }

    private func kinds() throws -> [FaultKind] {
        let harmless: [FaultKind] = [.restart, .exchangeErrors]
        guard let faults else { return poison ? harmless : FaultKind.allCases }
        let chosen = try named(faults)
        guard !poison || Set(chosen).isSubset(of: harmless) else {
            throw ValidationError("--poison goes with no other faults than restart and ex-errors")
        }
        return chosen
    }

    private func named(_ faults: String) throws -> [FaultKind] {
        try faults.split(separator: ",").map { name in
            guard let kind = FaultKind(rawValue: String(name)) else {
                let known = FaultKind.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("there is no fault \"\(name)\"; there are \(known)")
            }
            return kind
        }
    }
}

/// `90s`, `5m`, `1h`.
struct RunLength: ExpressibleByArgument, CustomStringConvertible {
    let value: Duration

    init(value: Duration) { self.value = value }

    init?(argument: String) {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600]
        guard let unit = argument.last.flatMap({ units[$0] }), let count = Int(argument.dropLast()), count > 0 else {
            return nil
        }
        value = .seconds(count * unit)
    }

    var description: String { "\(value.components.seconds)s" }
}
