import TestSupport
import Testing

@testable import Coordination

@Suite struct PlacementPolicyTests {
    /// Members and shards in the making: what hand-overs do to them.
    private struct Cluster {
        typealias Shard = PlacementPolicy.LoadedShard

        /// Of their holdings only the empty shards count.
        var members: [Membership.Member]
        var shards: [Shard]
        private(set) var moves = 0
        private(set) var moved: [Int: Int] = [:]
        private(set) var givers: Set<ReplicaID> = []
        private(set) var receivers: Set<ReplicaID> = []

        init(_ members: [Membership.Member], _ shards: [Shard] = []) {
            (self.members, self.shards) = (members, shards)
        }

        var membership: Membership {
            Membership(
                members.map { member in
                    var member = member
                    let sizes = sizes(of: member.id)
                    member.holdings = Membership.Holdings(
                        strategies: sizes.reduce(0, +),
                        loadedShards: sizes.count,
                        emptyShards: member.holdings.emptyShards,
                        smallestShard: sizes.min() ?? 0,
                        largestShard: sizes.max() ?? 0
                    )
                    return member
                }
            )
        }

        func sizes(of id: ReplicaID) -> [Int] { shards.filter { $0.holder == id }.map(\.strategies) }

        func load(_ id: ReplicaID) -> Int { sizes(of: id).reduce(0, +) }

        /// What one of them hands over, as it sees the members now and the shards.
        mutating func decide(_ id: ReplicaID) -> Bool {
            guard let move = PlacementPolicy.handOver(from: id, in: membership) else { return false }
            if move.givesStrategies {
                carryOut(PlacementPolicy.moves(from: id, of: shards, in: membership), from: id)
            }
            if let receiver = move.emptyReceiver {
                members[members.firstIndex { $0.id == id }!].holdings.emptyShards -= move.emptyShards
                members[members.firstIndex { $0.id == receiver }!].holdings.emptyShards += move.emptyShards
            }
            moves += 1
            return true
        }

        mutating func carryOut(_ moves: [PlacementPolicy.Move], from id: ReplicaID) {
            for move in moves {
                let index = shards.firstIndex { $0.id == move.shard }!
                #expect(shards[index].holder == id, "nobody gives what it has not")
                shards[index] = Shard(id: move.shard, holder: move.receiver!, strategies: shards[index].strategies)
                moved[move.shard, default: 0] += 1
                givers.insert(id)
                receivers.insert(move.receiver!)
            }
        }

        /// What nobody has who is there.
        var orphans: Orphans {
            let live = Set(members.map(\.id))
            return Orphans(
                shards: shards.filter { !live.contains($0.holder) }
                    .map { Orphans.Shard(id: $0.id, epoch: 0, strategies: $0.strategies) },
                takers: members.map {
                    Orphans.Taker(id: $0.id, capacity: $0.capacity, strategies: load($0.id), emptyShards: 0)
                }
            )
        }

        /// Takes its share of what it has seen.
        mutating func claim(_ id: ReplicaID, of seen: Orphans, _ comment: Comment) {
            for orphan in PlacementPolicy.claim(for: id, of: seen) {
                let index = shards.firstIndex { $0.id == orphan.id }!
                #expect(orphans.shards.contains(orphan), comment)
                shards[index] = Shard(id: orphan.id, holder: id, strategies: orphan.strategies)
                moved[orphan.id, default: 0] += 1
            }
        }

        /// All decide again and again, in any order, until nobody has anything to give.
        mutating func settle(_ random: inout SeededGenerator) {
            while moves < 3_000 {
                var isQuiet = true
                for id in members.map(\.id).shuffled(using: &random) where decide(id) { isQuiet = false }
                if isQuiet { return }
            }
            Issue.record("no end")
        }

        /// What it has above its exact share.
        func surplus(_ member: Membership.Member) -> Double {
            let ready = members.filter { !$0.isDraining }
            let total = ready.reduce(0) { $0 + load($1.id) }
            let capacity = ready.reduce(0) { $0 + $1.capacity }
            return Double(load(member.id)) - Double(total * member.capacity) / Double(capacity)
        }

        /// The rule: nobody who has anything carries more than the emptiest by more than its own largest shard.
        func expectEven(_ comment: Comment) {
            let ready = members.filter { !$0.isDraining }
            let least = ready.map(surplus).min() ?? 0
            for member in ready {
                guard let largest = sizes(of: member.id).max() else { continue }
                #expect(surplus(member) - least <= Double(largest) + 0.01, comment)
            }
        }
    }

    enum Sizes: CaseIterable { case ones, some, oneHuge, any }

    private static func cluster(
        _ random: inout SeededGenerator,
        _ sizes: Sizes,
        equal: Bool = true,
        draining: Bool = false
    ) -> Cluster {
        let count = Int.random(in: 2...8, using: &random)
        let members: [Membership.Member] = (1...count).map { id in
            .of(
                ReplicaID(id),
                capacity: equal ? 100_000 : Int.random(in: 2_000...9_000, using: &random),
                draining: draining && Int.random(in: 0..<3, using: &random) == 0,
                empty: Int.random(in: 0...200, using: &random)
            )
        }
        // Some have nothing at first, as if they had just joined.
        let holders = members.filter { _ in Bool.random(using: &random) }
        let all = (holders.isEmpty ? members : holders).filter { !$0.isDraining }.map(\.id)
        guard !all.isEmpty else { return Cluster(members) }
        let shards = (0..<Int.random(in: 0...300, using: &random)).map { id in
            let size =
                switch sizes {
                case .ones: 1
                case .some: Int.random(in: 1...4, using: &random)
                case .oneHuge: id == 0 ? 500 : 1
                case .any: Int.random(in: 1...(Bool.random(using: &random) ? 5 : 90), using: &random)
                }
            return Cluster.Shard(id: id, holder: all.randomElement(using: &random)!, strategies: size)
        }
        return Cluster(members, shards)
    }

    @Test(arguments: Sizes.allCases)
    func `loads end within one shard of each other, and nothing moves twice`(_ sizes: Sizes) {
        var twice = 0
        for seed in 0..<150 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var cluster = Self.cluster(&random, sizes, equal: seed % 2 == 0)
            cluster.settle(&random)
            cluster.expectEven("\(sizes), seed \(seed)")
            twice += cluster.moved.values.count { $0 > 1 }
            // Whoever has given a huge one away may be the emptiest then.
            if sizes == .ones { #expect(cluster.givers.isDisjoint(with: cluster.receivers), "seed \(seed)") }
            let empty = cluster.members.map { ($0.holdings.emptyShards, $0.capacity) }
            if seed % 2 == 0 { #expect(empty.map(\.0).max()! - empty.map(\.0).min()! <= 8) }
        }
        // One that was given in expectation of a huge one's leaving, which then fitted elsewhere.
        #expect(twice <= (sizes == .oneHuge ? 4 : 0), "\(sizes)")
    }

    @Test(arguments: Sizes.allCases)
    func `however replicas come and go: after each event loads are even, and each event moves a shard once`(
        _ sizes: Sizes
    ) {
        for seed in 0..<40 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var cluster = Self.cluster(&random, sizes)
            cluster.settle(&random)
            for event in 0..<12 {
                cluster = Cluster(cluster.members, cluster.shards)
                if cluster.members.count < 3 || cluster.members.count < 8 && Bool.random(using: &random) {
                    cluster.members.append(.of(ReplicaID(100 + event), capacity: 100_000))
                } else {
                    let leaver = cluster.members.randomElement(using: &random)!.id
                    let all = PlacementPolicy.shareOut(cluster.shards, of: leaver, among: cluster.membership)
                    #expect(all.count == cluster.sizes(of: leaver).count && !all.contains { $0.receiver == leaver })
                    cluster.carryOut(all, from: leaver)
                    cluster.members.removeAll { $0.id == leaver }
                }
                cluster.settle(&random)
                cluster.expectEven("\(sizes), seed \(seed), event \(event)")
                #expect(cluster.moved.values.allSatisfy { $0 == 1 }, "\(sizes), seed \(seed), event \(event)")
            }
        }
    }

    @Test(arguments: Sizes.allCases)
    func `survivors share a dead replica's shards without talking: all are taken once, and nothing is to be moved then`(
        _ sizes: Sizes
    ) {
        for seed in 0..<150 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var cluster = Self.cluster(&random, sizes, equal: seed % 2 == 0)
            cluster.settle(&random)
            guard cluster.members.count > 2, let dead = cluster.members.randomElement(using: &random)?.id else {
                continue
            }
            cluster = Cluster(cluster.members.filter { $0.id != dead }, cluster.shards)
            let all = cluster.shards.reduce(0) { $0 + $1.strategies }
            guard all * 2 < cluster.members.reduce(0, { $0 + $1.capacity }) else { continue }
            // Each sees what some of the others have taken already, or does not.
            let first = cluster.orphans
            for id in cluster.members.map(\.id).shuffled(using: &random) {
                let seen = Bool.random(using: &random) ? first : cluster.orphans
                cluster.claim(id, of: seen, "\(sizes), seed \(seed): a shard for two")
            }
            #expect(cluster.orphans.shards.isEmpty, "\(sizes), seed \(seed): a shard for nobody")
            cluster.settle(&random)
            #expect(cluster.moved.values.allSatisfy { $0 == 1 }, "\(sizes), seed \(seed): moved twice")
        }
    }

    @Test func `one large shard does not keep others from giving, though its owner is fullest`() {
        // The first has 100 and could give one, but is not too full; the second is.
        var shards = [Cluster.Shard(id: 0, holder: 1, strategies: 99), .init(id: 1, holder: 1, strategies: 1)]
        shards += (2..<52).map { .init(id: $0, holder: 2, strategies: 1) }
        shards += (52..<57).map { .init(id: $0, holder: 3, strategies: 1) }
        var cluster = Cluster([.of(1, capacity: 1_000), .of(2, capacity: 1_000), .of(3, capacity: 1_000)], shards)
        var random = SeededGenerator(seed: 1)
        cluster.settle(&random)
        #expect(cluster.load(1) == 100 && abs(cluster.load(2) - cluster.load(3)) <= 1)
    }

    @Test func `no more is moved than is needed, and all that have too much give at the same time`() {
        func shards(_ counts: [(ReplicaID, Int)]) -> [Cluster.Shard] {
            counts.flatMap { id, count in (0..<count).map { .init(id: Int(id) * 1_000 + $0, holder: id, strategies: 1) }
            }
        }
        var cluster = Cluster(
            (1...4).map { .of($0, capacity: 1_000) },
            shards([(1, 50), (2, 60), (3, 20)])
        )
        // Shares are 32 and 33.
        let first = PlacementPolicy.moves(from: 1, of: cluster.shards, in: cluster.membership)
        let second = PlacementPolicy.moves(from: 2, of: cluster.shards, in: cluster.membership)
        #expect((17...18).contains(first.count) && (27...28).contains(second.count))
        #expect(PlacementPolicy.moves(from: 3, of: cluster.shards, in: cluster.membership).isEmpty)
        cluster.carryOut(first, from: 1)
        cluster.carryOut(second, from: 2)
        #expect([32, 33].contains(cluster.load(4)) && [32, 33].contains(cluster.load(3)))
        for id in 1...4 as ClosedRange<ReplicaID> {
            #expect(PlacementPolicy.handOver(from: id, in: cluster.membership)?.givesStrategies != true)
        }
    }

    @Test(arguments: Sizes.allCases)
    func `however old what each sees is: all ends even, and hardly anything moves twice`(_ sizes: Sizes) {
        var twice = 0
        for seed in 0..<80 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var cluster = Self.cluster(&random, sizes)
            var pictures = Dictionary(uniqueKeysWithValues: cluster.members.map { ($0.id, cluster) })
            for _ in 0..<400 {
                let id = cluster.members.randomElement(using: &random)!.id
                if Int.random(in: 0..<3, using: &random) == 0 {
                    pictures[id] = cluster
                    continue
                }
                // What each has itself it knows.
                guard let picture = pictures[id], picture.sizes(of: id) == cluster.sizes(of: id) else { continue }
                cluster.carryOut(
                    PlacementPolicy.moves(from: id, of: picture.shards, in: picture.membership),
                    from: id
                )
            }
            cluster.settle(&random)
            cluster.expectEven("\(sizes), seed \(seed)")
            twice += cluster.moved.values.count { $0 > 1 }
        }
        #expect(twice <= 80, "\(sizes): \(twice) of 12,000 or so")
    }

    @Test func `a replica with three times the capacity carries three times as much`() {
        var cluster = Cluster(
            [.of(1, capacity: 100), .of(2, capacity: 300)],
            (0..<80).map { .init(id: $0, holder: 1, strategies: 1) }
        )
        var random = SeededGenerator(seed: 1)
        cluster.settle(&random)
        #expect([20, 21].contains(cluster.load(1)))
    }

    @Test func `nothing is given to a draining replica, and it gives nothing by this way`() {
        let shards = (0..<50).map { Cluster.Shard(id: $0, holder: 1, strategies: 1) }
        let cluster = Cluster([.of(1), .of(2, draining: true), .of(3, draining: true)], shards)
        for id in 1...3 as ClosedRange<ReplicaID> {
            #expect(PlacementPolicy.handOver(from: id, in: cluster.membership) == nil)
        }
    }

    @Test func `nobody is given more than it has room for`() {
        let shards = (0..<30).map { Cluster.Shard(id: $0, holder: 1, strategies: 3) }
        var cluster = Cluster([.of(1, capacity: 50), .of(2, capacity: 20), .of(3, capacity: 10)], shards)
        while cluster.decide(1), cluster.moves < 20 {}
        #expect(cluster.load(2) <= 20 && cluster.load(3) <= 10 && cluster.load(2) + cluster.load(3) >= 25)
        let out = PlacementPolicy.shareOut(cluster.shards, of: 1, among: cluster.membership)
        #expect(out.allSatisfy { $0.receiver == nil })
    }

    @Test func `of shards that are as large, those with an open position go last`() {
        let shards = (0..<6).map { Cluster.Shard(id: $0, holder: 1, strategies: 1) }
        let cluster = Cluster([.of(1), .of(2)], shards)
        let moves = PlacementPolicy.moves(from: 1, of: shards, in: cluster.membership, exposed: [0, 1, 4])
        #expect(moves.map(\.shard) == [2, 3, 5])
        let out = PlacementPolicy.shareOut(shards, of: 1, among: cluster.membership, exposed: [0, 1, 4])
        #expect(out.map(\.shard) == [2, 3, 5, 0, 1, 4])
    }

    @Test func `one hand-over moves so much at most, but a shard in any case`() {
        let many = (0..<1_000).map { Cluster.Shard(id: $0, holder: 1, strategies: 1) }
        let cluster = Cluster([.of(1, capacity: 5_000), .of(2, capacity: 5_000)], many)
        #expect(PlacementPolicy.moves(from: 1, of: many, in: cluster.membership).count == PlacementPolicy.largestMove)
        let large = (0..<4).map { Cluster.Shard(id: $0, holder: 1, strategies: 800) }
        let other = Cluster([.of(1, capacity: 5_000), .of(2, capacity: 5_000)], large)
        #expect(PlacementPolicy.moves(from: 1, of: large, in: other.membership).count == 1)
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

    @Test func `whoever is not in the picture gives nothing`() {
        #expect(PlacementPolicy.handOver(from: 9, in: Membership([.of(1, strategies: 5), .of(2)])) == nil)
        #expect(PlacementPolicy.handOver(from: 1, in: Membership([.of(1, strategies: 5)])) == nil)
    }
}
