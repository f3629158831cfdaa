import Testing

@testable import Coordination

/// Hundreds of clusters under faults, in simulated time.
@Suite(.timeLimit(.minutes(15)))
struct SimulationTests {
    /// A run that went wrong, and how to see it again.
    struct Failure: Error, CustomStringConvertible {
        let profile: String
        let seed: UInt64
        let step: Int
        let violation: any Error

        var description: String {
            "\(profile), step \(step): \(violation). Again: TENURE_SEED=\(seed) swift test --filter SimulationTests"
        }
    }

    static func run(_ profile: SimulationProfile, seed: UInt64, steps: Int) throws -> Simulation {
        let simulation = Simulation(seed: seed, profile: profile)
        do {
            try simulation.run(steps: steps)
        } catch {
            throw Failure(profile: profile.name, seed: seed, step: simulation.steps, violation: error)
        }
        return simulation
    }

    @Test(arguments: [SimulationProfile.everything, .restarts, .leases, .deploys, .failovers])
    func `whatever happens, ownership is safe, and everything is run again afterwards`(
        _ profile: SimulationProfile
    ) async throws {
        let seeds = SimulationSeeds.chosen(40)
        let (moves, fences, writes, failovers) = try await SimulationThreads.run {
            var (moves, fences, writes, failovers) = (0, 0, 0, 0)
            for seed in seeds {
                let simulation = try Self.run(profile, seed: seed, steps: 20_000)
                moves += simulation.judge.moves
                fences += simulation.judge.fences
                writes += simulation.judge.writeCount
                failovers += simulation.judge.failovers
            }
            return (moves, fences, writes, failovers)
        }
        // Runs in which nothing happens prove nothing; a single one may be quiet.
        guard seeds.count > 1 else { return }
        #expect(moves > 0 && writes > 0 && (fences > 0) != profile.nobodyMayBeFenced)
        #expect((failovers > 0) == profile.faults.contains(.failover))
    }
}
