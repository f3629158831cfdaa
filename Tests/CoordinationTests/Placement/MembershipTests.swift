import TestSupport
import Testing

@testable import Coordination

@Suite struct MembershipTests {
    @Test func `each watches the next in the ring of ids`() {
        let membership = Membership([.of(7), .of(3), .of(12)])
        #expect(membership.watched(by: 3) == 7)
        #expect(membership.watched(by: 7) == 12)
        #expect(membership.watched(by: 12) == 3)
    }

    @Test func `whoever is alone watches nobody`() {
        #expect(Membership([.of(5)]).watched(by: 5) == nil)
        #expect(Membership([]).watched(by: 5) == nil)
    }

    @Test func `one who is not (yet) in the picture watches as if it were`() {
        #expect(Membership([.of(3), .of(7)]).watched(by: 5) == 7)
        #expect(Membership([.of(3), .of(7)]).watched(by: 9) == 3)
    }

    @Test func `everybody is watched by exactly one other, whatever the ids`() {
        for seed in 0..<50 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let ids = Set(
                (0..<Int.random(in: 2...9, using: &random)).map { _ in ReplicaID.random(in: 1...40, using: &random) }
            )
            guard ids.count > 1 else { continue }
            let membership = Membership(ids.map { .of($0, draining: Bool.random(using: &random)) })
            #expect(Set(ids.compactMap(membership.watched(by:))) == ids)
            for id in ids { #expect(membership.watched(by: id) != id) }
        }
    }

    @Test func `a shard gone and another come shows in the sum of epochs`() {
        #expect(Membership.Holdings.sum(epochs: [4: 2, 9: 1]) != Membership.Holdings.sum(epochs: [5: 2, 9: 1]))
    }
}
