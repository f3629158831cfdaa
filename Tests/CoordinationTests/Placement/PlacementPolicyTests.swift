import TestSupport
import Testing

@testable import Coordination

@Suite struct PlacementPolicyTests {
    /// Loads of members in the making: what a hand-over does to them.
    private struct Cluster {
        var members: [Membership.Member]
        var moves = 0
        var largest = 0

        var membership: Membership { Membership(members) }

        /// One decision by whoever has one to make; false if nobody has.
        mutating func step() -> PlacementPolicy.HandOver? {
            let picture = membership
            let decisions = picture.members.compactMap { member in
                PlacementPolicy.handOver(from: member.id, in: picture).map { (member.id, $0) }
            }
            guard let (giver, move) = decisions.first else { return nil }
            change(giver, by: -1, move)
            change(move.receiver, by: 1, move)
            moves += 1
            largest = max(largest, move.strategies)
            return move
        }

        private mutating func change(_ id: ReplicaID, by sign: Int, _ move: PlacementPolicy.HandOver) {
            let index = members.firstIndex { $0.id == id }!
            members[index].holdings.strategies += sign * move.strategies
            members[index].holdings.loadedShards += sign * move.strategies
            members[index].holdings.smallestShard = min(members[index].holdings.strategies, 1)
            members[index].holdings.emptyShards += sign * move.emptyShards
            #expect(members[index].holdings.strategies >= 0)
            #expect(members[index].holdings.emptyShards >= 0)
        }

        /// Largest distance of two loads, in strategies, each relative to its capacity; times the total capacity.
        func gap(_ load: (Membership.Member) -> Int) -> Int {
            let ready = members.filter { !$0.isDraining }
            let total = ready.reduce(0) { $0 + load($1) }
            let capacity = ready.reduce(0) { $0 + $1.capacity }
            let surplus = ready.map { load($0) * capacity - total * $0.capacity }
            return surplus.max()! - surplus.min()!
        }
    }

    private static func cluster(_ random: inout SeededGenerator, equal: Bool, draining: Bool = false) -> Cluster {
        let count = Int.random(in: 2...8, using: &random)
        var members: [Membership.Member] = []
        for id in 1...count {
            members.append(
                .of(
                    ReplicaID(id),
                    capacity: equal ? 100 : Int.random(in: 1...500, using: &random),
                    draining: draining && Int.random(in: 0..<3, using: &random) == 0,
                    strategies: Bool.random(using: &random) ? 0 : Int.random(in: 0...700, using: &random),
                    empty: Int.random(in: 0...200, using: &random)
                )
            )
        }
        return Cluster(members: members)
    }

    @Test func `equal replicas end within one strategy of each other, and stay there`() {
        for seed in 0..<150 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var cluster = Self.cluster(&random, equal: true)
            while let move = cluster.step() {
                guard cluster.moves < 2_000 else {
                    Issue.record("no end: \(move)")
                    return
                }
            }
            let loads = cluster.members.map(\.holdings.strategies)
            #expect(loads.max()! - loads.min()! <= 1)
            let empty = cluster.members.map(\.holdings.emptyShards)
            #expect(empty.max()! - empty.min()! <= 8)
            #expect(cluster.largest <= PlacementPolicy.largestMove)
        }
    }

    @Test func `a move never widens the gap, and with it comes nearer to the end`() {
        for seed in 0..<150 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var cluster = Self.cluster(&random, equal: false, draining: true)
            guard cluster.members.contains(where: { !$0.isDraining }) else { continue }
            /// The sum of the squares of all distances from the share: what each single move must make smaller.
            func distance(_ cluster: Cluster, _ load: (Membership.Member) -> Int) -> Double {
                let ready = cluster.members.filter { !$0.isDraining }
                let total = Double(ready.reduce(0) { $0 + load($1) })
                let capacity = Double(ready.reduce(0) { $0 + $1.capacity })
                return ready.reduce(0) {
                    let surplus = Double(load($1)) - total * Double($1.capacity) / capacity
                    return $0 + surplus * surplus
                }
            }
            while true {
                let before = cluster
                guard let move = cluster.step(), cluster.moves < 2_000 else { break }
                if move.strategies > 0 {
                    #expect(cluster.gap(\.holdings.strategies) <= before.gap(\.holdings.strategies))
                    #expect(distance(cluster, \.holdings.strategies) < distance(before, \.holdings.strategies))
                }
                if move.emptyShards > 0 {
                    #expect(distance(cluster, \.holdings.emptyShards) < distance(before, \.holdings.emptyShards))
                }
            }
            #expect(cluster.moves < 2_000)
        }
    }

    @Test func `unequal replicas end within one strategy of their share`() {
        for seed in 0..<100 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var cluster = Self.cluster(&random, equal: false)
            while cluster.step() != nil, cluster.moves < 2_000 {}
            let total = cluster.members.reduce(0) { $0 + $1.holdings.strategies }
            let capacity = cluster.members.reduce(0) { $0 + $1.capacity }
            for member in cluster.members {
                let share = Double(total * member.capacity) / Double(capacity)
                #expect(abs(Double(member.holdings.strategies) - share) <= 1)
            }
        }
    }

    @Test func `a replica with three times the capacity carries three times as much`() {
        var cluster = Cluster(members: [.of(1, capacity: 100, strategies: 80), .of(2, capacity: 300)])
        while cluster.step() != nil {}
        #expect(cluster.members.map(\.holdings.strategies) == [20, 60])
    }

    @Test func `nothing is given to a draining replica, and it gives nothing by this way`() {
        let membership = Membership([
            .of(1, strategies: 50), .of(2, draining: true), .of(3, draining: true, strategies: 90),
        ])
        for id in 1...3 as ClosedRange<ReplicaID> {
            #expect(PlacementPolicy.handOver(from: id, in: membership) == nil)
        }
    }

    @Test func `all that have too much give at the same time, each its part of one plan`() {
        let membership = Membership([.of(1, strategies: 50), .of(2, strategies: 60), .of(3, strategies: 20), .of(4)])
        // Quotas are 33, 33, 32, 32: 17 and 27 are too many, 12 and 32 too few.
        #expect(
            PlacementPolicy.handOver(from: 1, in: membership) == .init(receiver: 3, strategies: 12, emptyShards: 0)
        )
        #expect(
            PlacementPolicy.handOver(from: 2, in: membership) == .init(receiver: 4, strategies: 27, emptyShards: 0)
        )
        #expect(PlacementPolicy.handOver(from: 3, in: membership) == nil)
        #expect(PlacementPolicy.handOver(from: 4, in: membership) == nil)
    }

    @Test func `however old what each sees is: nobody gives what it was given, and all ends even`() {
        for seed in 0..<80 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var members = Self.cluster(&random, equal: true).members
            let start = members
            var pictures = Dictionary(uniqueKeysWithValues: members.map { ($0.id, Membership(start)) })
            var given: Set<ReplicaID> = []
            var received: Set<ReplicaID> = []
            var moved = 0
            for _ in 0..<1_000 {
                let index = Int.random(in: members.indices, using: &random)
                let id = members[index].id
                switch Int.random(in: 0..<4, using: &random) {
                case 0:
                    pictures[id] = Membership(members)
                case 1:
                    // What was handed over arrives.
                    members[index].holdings.strategies += members[index].incoming.strategies
                    members[index].incoming.strategies = 0
                    members[index].holdings.smallestShard = min(members[index].holdings.strategies, 1)
                default:
                    // A replica decides once on what it sees: its own part of the picture is always of now.
                    guard let picture = pictures[id],
                        picture.member(id)?.holdings.strategies == members[index].holdings.strategies,
                        let move = PlacementPolicy.handOver(from: id, in: picture), move.strategies > 0
                    else { continue }
                    members[index].holdings.strategies -= move.strategies
                    members[index].holdings.smallestShard = min(members[index].holdings.strategies, 1)
                    members[members.firstIndex { $0.id == move.receiver }!].incoming.strategies += move.strategies
                    given.insert(id)
                    received.insert(move.receiver)
                    moved += move.strategies
                }
            }
            #expect(given.isDisjoint(with: received), "seed \(seed)")
            let loads = members.map { $0.holdings.strategies + $0.incoming.strategies }
            #expect(loads.max()! - loads.min()! <= 1, "seed \(seed): \(loads)")
            let surplus = zip(start, loads).reduce(0) { $0 + max($1.0.holdings.strategies - $1.1, 0) }
            #expect(moved == surplus, "seed \(seed): not one more than needed")
        }
    }

    @Test func `nothing is moved while there is something for the emptiest to take`() {
        let members: [Membership.Member] = [.of(1, strategies: 50), .of(2)]
        #expect(PlacementPolicy.handOver(from: 1, in: Membership(members)) != nil)
        #expect(PlacementPolicy.handOver(from: 1, in: Membership(members, orphans: 30)) == nil)
        let draining = members + [.of(3, draining: true, strategies: 20)]
        #expect(PlacementPolicy.handOver(from: 1, in: Membership(draining)) == nil)
        // One that has nothing any more is in nobody's way.
        #expect(PlacementPolicy.handOver(from: 1, in: Membership(members + [.of(3, draining: true)])) != nil)
    }

    @Test func `what nobody has room for is stranded, and neither claimed nor waited for`() {
        let full: [Membership.Member] = [.of(1, capacity: 10, strategies: 10), .of(2, capacity: 10, strategies: 9)]
        let membership = Membership(
            members: full,
            orphans: .init(strategies: 4, loadedShards: 2, emptyShards: 0, smallestShard: 2)
        )
        #expect(PlacementPolicy.stranded(in: membership) == 4)
        #expect(!PlacementPolicy.mayClaim(1, in: membership) && !PlacementPolicy.mayClaim(2, in: membership))
        // One strategy in a shard fits.
        let fitting = Membership(
            members: full,
            orphans: .init(strategies: 4, loadedShards: 4, emptyShards: 0, smallestShard: 1)
        )
        #expect(PlacementPolicy.stranded(in: fitting) == 0)
        #expect(!PlacementPolicy.mayClaim(1, in: fitting) && PlacementPolicy.mayClaim(2, in: fitting))
        // Empty shards are taken by whoever comes.
        let empty = Membership(
            members: full,
            orphans: .init(strategies: 0, loadedShards: 0, emptyShards: 3, smallestShard: 0)
        )
        #expect(PlacementPolicy.stranded(in: empty) == 0 && PlacementPolicy.mayClaim(1, in: empty))
        // Where all leave there is nobody to be without room.
        #expect(PlacementPolicy.stranded(in: Membership([.of(1, draining: true)], orphans: 5)) == 0)
    }

    @Test func `what is on its way to somebody is not stranded, and takes up room`() {
        var receiver = Membership.Member.of(2, capacity: 10, strategies: 8)
        receiver.incoming.strategies = 2
        let giver = Membership.Member.of(1, capacity: 10, strategies: 10)
        #expect(PlacementPolicy.stranded(in: Membership([giver, receiver], orphans: 2)) == 0)
        #expect(PlacementPolicy.mayClaim(2, in: Membership([giver, receiver], orphans: 2)))
        #expect(PlacementPolicy.stranded(in: Membership([giver, receiver], orphans: 3)) == 1)
    }

    @Test func `a difference of one strategy is left as it is`() {
        let membership = Membership([.of(1, strategies: 5), .of(2, strategies: 4), .of(3, strategies: 4)])
        #expect(PlacementPolicy.handOver(from: 1, in: membership) == nil)
    }

    @Test func `shards that are too large to be moved do not keep others from giving`() {
        // The whole of 1 is one shard: to move it would only swap the two.
        let membership = Membership([.of(1, strategies: 9, loaded: 1, smallest: 9), .of(2, strategies: 6), .of(3)])
        #expect(PlacementPolicy.handOver(from: 1, in: membership) == nil)
        #expect(PlacementPolicy.handOver(from: 2, in: membership)?.receiver == 3)
    }

    @Test func `at least one shard is moved, if that makes it better`() {
        let membership = Membership([
            .of(1, strategies: 6, loaded: 2, smallest: 3), .of(2, strategies: 4), .of(3, strategies: 2),
        ])
        #expect(PlacementPolicy.handOver(from: 1, in: membership)?.strategies == 3)
    }

    @Test func `whoever is not in the picture gives nothing`() {
        #expect(PlacementPolicy.handOver(from: 9, in: Membership([.of(1, strategies: 5), .of(2)])) == nil)
        #expect(PlacementPolicy.handOver(from: 1, in: Membership([.of(1, strategies: 5)])) == nil)
    }
}
