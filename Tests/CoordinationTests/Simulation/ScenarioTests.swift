import Testing

@testable import Coordination

/// How fast, how seldom and how cheaply: one thing happens to a cluster that is otherwise at rest.
@Suite(.timeLimit(.minutes(15)))
struct ScenarioTests {
    private static let seeds = 0..<20 as Range<UInt64>

    private func cluster(_ seed: UInt64, replicas: Int = 4, idleSessionTimeout: Bool = true) throws -> Simulation {
        var profile = SimulationProfile.calm
        profile.idleSessionTimeout = idleSessionTimeout
        let simulation = Simulation(seed: seed, profile: profile)
        try simulation.begin(replicas: replicas)
        #expect(simulation.allIsRun)
        return simulation
    }

    @Test func `a crash: everything is run again within milliseconds, and only the dead one's shards move`()
        async throws
    {
        try await SimulationThreads.run {
            for seed in Self.seeds {
                let simulation = try cluster(seed)
                let victim = simulation.processes[Int(seed % 4)]
                let owned = victim.machine.owned.count
                let moves = simulation.judge.moves
                victim.die()
                let time = try simulation.run(for: 5_000_000) { simulation.allStrategiesAreRun }
                #expect(time.map { $0 < 20_000 } ?? false, "seed \(seed): \(time ?? -1) µs")
                // Shards without strategies come after.
                #expect(try simulation.run(for: 500_000) { simulation.allIsRun } != nil, "seed \(seed)")
                #expect(simulation.judge.moves - moves == owned)
                _ = try simulation.run(for: 10_000_000)
                #expect(
                    simulation.judge.moves - moves <= 2 * owned,
                    "seed \(seed): more was moved than a crash explains"
                )
            }
        }
    }

    @Test func `two neighbours crash at once: the ring closes over both within milliseconds`() async throws {
        try await SimulationThreads.run {
            for seed in Self.seeds {
                let simulation = try cluster(seed, replicas: 5)
                let ring = simulation.processes.sorted { $0.machine.id! < $1.machine.id! }
                ring[Int(seed % 5)].die()
                ring[Int((seed + 1) % 5)].die()
                let time = try simulation.run(for: 5_000_000) { simulation.allStrategiesAreRun }
                #expect(time.map { $0 < 30_000 } ?? false, "seed \(seed): \(time ?? -1) µs")
                // Shards without strategies come after.
                #expect(try simulation.run(for: 500_000) { simulation.allIsRun } != nil, "seed \(seed)")
            }
        }
    }

    @Test(arguments: [true, false])
    func `a machine goes: everything is run again within one TTL and a little, by timeout or by lease`(
        idleSessionTimeout: Bool
    ) async throws {
        try await SimulationThreads.run {
            for seed in Self.seeds {
                let simulation = try cluster(seed, replicas: 5, idleSessionTimeout: idleSessionTimeout)
                // Two at once: neither waits for the other.
                simulation.processes[0].die(isPowerLoss: true)
                simulation.processes[1].die(isPowerLoss: true)
                let time = try simulation.run(for: 10_000_000) { simulation.allIsRun }
                #expect(time.map { $0 <= Simulation.ttl + 100_000 } ?? false, "seed \(seed): \(time ?? -1) µs")
            }
        }
    }

    enum Change: CaseIterable { case join, leave, crash, twoJoin }

    /// However large the shards are: most of them small, a few as large as many others together. Two that join are two events.
    @Test(arguments: Change.allCases, [[0, 1, 1, 1, 1, 2, 3, 0], [0, 1, 1, 2, 5, 9, 1, 14]])
    func `who joins or leaves: loads are even within five seconds, and nothing moves twice`(
        _ change: Change,
        _ sizes: [Int]
    ) async throws {
        try await SimulationThreads.run {
            for seed in 0..<150 as Range<UInt64> {
                var profile = SimulationProfile.calm
                profile.shardSizes = sizes
                let simulation = Simulation(seed: seed, profile: profile)
                try simulation.begin(replicas: 4)
                let before = simulation.database.shards.map(\.epoch)
                switch change {
                case .join: simulation.addProcess()
                case .twoJoin: for _ in 0..<2 { simulation.addProcess() }
                case .leave: simulation.processes[Int(seed % 4)].receive(.drain)
                case .crash: simulation.processes[Int(seed % 4)].die()
                }
                _ = try simulation.run(for: 5_000_000)
                #expect(simulation.allIsRun)
                let loads = simulation.alive.map { process in
                    process.running.keys.reduce(0) { $0 + simulation.database.shards[$1].strategies }
                }
                #expect(
                    loads.max()! - loads.min()! <= max(simulation.largestShard, 1),
                    "\(change), seed \(seed): \(loads)"
                )
                for (before, shard) in zip(before, simulation.database.shards) where shard.strategies > 0 {
                    #expect(
                        shard.epoch - before <= (change == .twoJoin ? 2 : 1),
                        "\(change), seed \(seed): a shard of \(shard.strategies) moved \(shard.epoch - before) times"
                    )
                }
                let moves = simulation.judge.moves
                _ = try simulation.run(for: 10_000_000)
                #expect(simulation.judge.moves == moves, "\(change), seed \(seed): still moving")
            }
        }
    }

    @Test func `a drain: every shard is run elsewhere at once, and the process ends`() async throws {
        try await SimulationThreads.run {
            for seed in Self.seeds {
                let simulation = try cluster(seed)
                let leaver = simulation.processes[2]
                leaver.receive(.drain)
                let time = try simulation.run(for: 5_000_000) { leaver.isDead && simulation.allIsRun }
                #expect(time.map { $0 < 60_000 } ?? false, "seed \(seed): \(time ?? -1) µs")
                #expect(simulation.judge.fences == 0)
            }
        }
    }

    @Test func `staying alive costs a few statements a second`() async throws {
        try await SimulationThreads.run {
            let simulation = try cluster(1, replicas: 5)
            let before = simulation.statements
            _ = try simulation.run(for: 60_000_000)
            let perSecond = Double(simulation.statements - before) / 60 / 5
            #expect(perSecond <= 4, "\(perSecond) statements per second and replica")
        }
    }

    @Test func `the same seed gives the same run`() async throws {
        try await SimulationThreads.run {
            func fingerprint() throws -> [Int] {
                let simulation = Simulation(seed: 7, profile: .everything)
                try simulation.run(steps: 10_000)
                let judge = simulation.judge
                return [simulation.steps, judge.moves, judge.fences, judge.writeCount, Int(simulation.now)]
            }
            let first = try fingerprint()
            let second = try fingerprint()
            #expect(first == second)
        }
    }
}
