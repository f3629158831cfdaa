import Testing

@testable import Nemesis

struct FaultScheduleTests {
    private func schedule(_ seed: UInt64, _ kinds: [FaultKind] = FaultKind.allCases) -> FaultSchedule {
        FaultSchedule(seed: seed, duration: .seconds(300), replicas: 4, kinds: kinds, ttl: .milliseconds(1_500))
    }

    @Test("the same seed plans the same faults, another one others")
    func seeded() {
        #expect(schedule(1) == schedule(1))
        #expect(schedule(1) != schedule(2))
    }

    @Test("every kind of fault comes, all are over in time, and a replica suffers one at a time", arguments: 1...50)
    func plan(seed: UInt64) {
        let faults = schedule(seed).faults
        #expect(Set(faults.map(\.kind)) == Set(FaultKind.allCases))
        #expect(faults.allSatisfy { $0.end <= .seconds(300) && $0.length >= .zero })
        #expect(faults.allSatisfy { $0.kind.hitsReplica == ($0.replica != nil) })
        for replica in 0..<4 {
            let own = faults.filter { $0.replica == replica }
            #expect(zip(own, own.dropFirst()).allSatisfy { $0.end <= $1.begin })
        }
    }

    @Test("only what was asked for is planned")
    func chosen() {
        let kinds: [FaultKind] = [.kill, .restart]
        #expect(Set(schedule(3, kinds).faults.map(\.kind)) == Set(kinds))
    }
}
