import Testing

@testable import Coordination

/// Breaks one rule of the protocol at a time: a simulation that does not notice would be worth nothing.
@Suite(.timeLimit(.minutes(15)))
struct MutationTests {
    @Test(arguments: SimulationProfile.Mutation.allCases)
    func `a broken rule is noticed`(_ mutation: SimulationProfile.Mutation) async throws {
        let violation = try await SimulationThreads.run {
            for seed in 0..<80 as Range<UInt64> {
                for var profile in mutation.profiles {
                    profile.mutations = [mutation]
                    do {
                        try Simulation(seed: seed, profile: profile).run(steps: 10_000)
                    } catch let violation as SimulationJudge.Violation {
                        return violation as SimulationJudge.Violation?
                    }
                }
            }
            return nil
        }
        #expect(violation != nil)
    }
}

extension SimulationProfile {
    fileprivate func with(_ change: (inout SimulationProfile) -> Void) -> SimulationProfile {
        var profile = self
        change(&profile)
        return profile
    }
}

extension SimulationProfile.Mutation {
    /// Where it must show.
    var profiles: [SimulationProfile] {
        switch self {
        case .nothingNeedsToBeObserved, .sessionsAreOldAtOnce, .watchersOfAnyAge: [.restarts]
        case .trustBeginsWithTheAnswer:
            [SimulationProfile.leases.with { ($0.lateMessages, $0.lateness) = (8, 1_500_000) }]
        case .idsWithoutTimeline, .writesIgnoreTimeline: [.failovers]
        case .sessionsAreYoungTooEarly:
            [
                SimulationProfile.leases.with {
                    ($0.faults, $0.faultGap) = ([.halfOpen, .halfOpen, .join, .crash], 1_500)
                    ($0.lateMessages, $0.lateness) = (8, 1_500_000)
                }
            ]
        case .nothingIsListed: [SimulationProfile.deploys.with { $0.lostAnswers = 40 }]
        case .fenceIgnoresLease, .sessionsAreReplacedSilently, .claimIgnoresEpoch, .writesNeedNoToken,
            .writesIgnoreEpoch:
            [.everything, .leases]
        }
    }
}
