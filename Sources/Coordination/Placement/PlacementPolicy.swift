/// Decides what a replica hands to another so that everybody carries its share.
///
/// A load is counted in strategies, relative to the exact share, which follows capacity. One rule does all of it: whoever
/// carries more than the emptiest by more than its own largest shard is *too full*, and the fullest of those gives to the
/// emptiest the shard that narrows the gap between the two most. Whoever receives was the emptiest, so what it has received
/// last keeps it from being too full: nothing is moved twice, and where nobody is too full loads differ by one shard at most.
/// Everybody computes the same moves from the same picture and carries out its own, so all that have too much give at once.
///
/// Empty shards are shared out too, separately: they carry no work, but new strategies are put into them.
package enum PlacementPolicy {
    /// A shard with strategies, and who has it or is about to.
    package struct LoadedShard: Sendable, Equatable {
        package let id: Int
        package let holder: ReplicaID
        package let strategies: Int
    }

    package struct Move: Sendable, Equatable {
        package let shard: Int
        /// `nil` where nobody has room for it.
        package let receiver: ReplicaID?
    }

    package struct HandOver: Sendable, Equatable {
        /// Whether there are strategies to give; which, the shards themselves tell.
        package var givesStrategies = false
        /// Shards without strategies to move, and to whom.
        package var emptyShards = 0
        package var emptyReceiver: ReplicaID?
    }

    /// Strategies that one hand-over moves: many enough to be soon through, few enough that a wrong decision costs little.
    static let largestMove = 256
    /// Empty shards that a replica may have too many or too few before any are moved. (But none has none.)
    static let emptySlack = 3

    /// What `giver` hands over now; `nil` if nothing.
    package static func handOver(from giver: ReplicaID, in membership: Membership) -> HandOver? {
        let ready = membership.members.filter { !$0.isDraining }
        guard ready.count > 1, let me = ready.first(where: { $0.id == giver }) else { return nil }
        var move = HandOver()
        let empty = Shares(ready) { $0.holdings.emptyShards + $0.incoming.emptyShards }
        if empty.isUneven(by: emptySlack), let plan = empty.plan(for: giver) {
            (move.emptyReceiver, move.emptyShards) = (plan.receiver, plan.count)
        }
        let loads = Loads(ready, \.promised)
        if membership.isSettled, me.holdings.strategies > 0, let emptiest = loads.emptiest(withRoomFor: 1) {
            move.givesStrategies = loads.isFuller(giver, than: emptiest, byMoreThan: me.holdings.largestShard)
        }
        return move == HandOver() ? nil : move
    }

    /// The shards that `giver` gives away now, in order, at most ``largestMove`` strategies, but one shard in any case.
    ///
    /// - Parameter exposed: Shards with an open position: of several of the same size they go last.
    package static func moves(
        from giver: ReplicaID,
        of shards: [LoadedShard],
        in membership: Membership,
        exposed: Set<Int> = []
    ) -> [Move] {
        guard membership.isSettled else { return [] }
        let ready = membership.members.filter { !$0.isDraining }
        var held = Dictionary(grouping: shards, by: \.holder)
        var loads = Loads(ready) { member in held[member.id]?.reduce(0) { $0 + $1.strategies } ?? 0 }
        for id in held.keys {
            held[id]?.sort { rank($0, exposed) < rank($1, exposed) }
        }
        var moves: [Move] = []
        var moved = 0
        // Nothing that was moved is moved again, so this ends.
        while let (from, to, index) = next(loads, held), let shard = held[from]?[index] {
            if from == giver {
                guard moves.isEmpty || moved + shard.strategies <= largestMove else { break }
                moves.append(Move(shard: shard.id, receiver: to))
                moved += shard.strategies
            }
            held[from]?.remove(at: index)
            loads.move(shard.strategies, from: from, to: to)
        }
        return moves
    }

    private static func rank(_ shard: LoadedShard, _ exposed: Set<Int>) -> (Int, Int, Int) {
        (shard.strategies, exposed.contains(shard.id) ? 1 : 0, shard.id)
    }

    /// Who gives what to whom next: the fullest of those that are too full, to the emptiest.
    private static func next(
        _ loads: Loads,
        _ held: [ReplicaID: [LoadedShard]]
    ) -> (from: ReplicaID, to: ReplicaID, index: Int)? {
        for from in loads.fullestFirst {
            guard let shards = held[from], let smallest = shards.first, let largest = shards.last,
                let to = loads.emptiest(withRoomFor: smallest.strategies), to != from
            else { continue }
            guard loads.isFuller(from, than: to, byMoreThan: largest.strategies) else { continue }
            // Half the gap would be best; of two that are as good the smaller one.
            var best: (index: Int, gap: Int)?
            for (index, shard) in shards.enumerated()
            where (index == 0 || shards[index - 1].strategies != shard.strategies)
                && loads.hasRoom(to, for: shard.strategies)
            {
                let gap = loads.gap(from, to, afterMoving: shard.strategies)
                if best.map({ gap < $0.gap }) ?? true { best = (index, gap) }
            }
            if let best { return (from, to, best.index) }
        }
        return nil
    }

    /// To whom everything goes that `leaver` has: the heaviest first, each to whoever carries least by then.
    package static func shareOut(
        _ shards: [LoadedShard],
        of leaver: ReplicaID,
        among membership: Membership,
        exposed: Set<Int> = []
    ) -> [Move] {
        let shards = shards.filter { $0.holder == leaver }
        let loads = Loads(
            membership.members.filter { !$0.isDraining && $0.id != leaver },
            coming: shards.reduce(0) { $0 + $1.strategies },
            \.promised
        )
        let moves = shareOut(shards.map { ($0.id, $0.strategies) }, among: loads, needRoom: true)
        return moves.filter { !exposed.contains($0.shard) } + moves.filter { exposed.contains($0.shard) }
    }

    /// What `id` takes of the orphans now, by the same rule: nothing that was taken so has to be moved a second time. Those
    /// with strategies first; empty ones, of which each gets as many as fit its capacity, when there are no others for it.
    static func claim(for id: ReplicaID, of orphans: Orphans) -> [Orphans.Shard] {
        let loaded = orphans.shards.filter { $0.strategies > 0 }
        let loads = Loads(
            orphans.takers.map { ($0.id, $0.capacity, $0.strategies) },
            coming: loaded.reduce(0) { $0 + $1.strategies }
        )
        let share = shareOut(loaded.map { ($0.id, $0.strategies) }, among: loads, needRoom: true)
        let mine = Set(share.lazy.filter { $0.receiver == id }.map(\.shard))
        guard mine.isEmpty else { return loaded.filter { mine.contains($0.id) } }
        let empty = orphans.shards.filter { $0.strategies == 0 }
        let emptyLoads = Loads(orphans.takers.map { ($0.id, $0.capacity, $0.emptyShards) }, coming: empty.count)
        let emptyShare = shareOut(empty.map { ($0.id, 1) }, among: emptyLoads, needRoom: false)
        let mineOfEmpty = Set(emptyShare.lazy.filter { $0.receiver == id }.map(\.shard))
        return empty.filter { mineOfEmpty.contains($0.id) }
    }

    /// The rule: the heaviest first, each to whoever carries least by then. It does not matter how much of this others have
    /// carried out already: who has got all that is its own is never the emptiest before the rest has what is theirs.
    private static func shareOut(
        _ shards: [(id: Int, weight: Int)],
        among loads: Loads,
        needRoom: Bool
    ) -> [Move] {
        var loads = loads
        return shards.sorted { ($1.weight, $0.id) < ($0.weight, $1.id) }.map { shard in
            let receiver = loads.emptiest(withRoomFor: needRoom ? shard.weight : nil)
            if let receiver { loads.add(shard.weight, to: receiver) }
            return Move(shard: shard.id, receiver: receiver)
        }
    }

    /// Whether there may be something for `id` to claim.
    static func mayClaim(_ id: ReplicaID, in membership: Membership) -> Bool {
        guard let me = membership.member(id), !me.isDraining else { return false }
        return membership.orphans.emptyShards > 0 || me.incoming.strategies > 0
            || membership.orphans.loadedShards > 0 && me.room >= membership.orphans.smallestShard
    }

    /// How many strategies nobody has room for.
    static func stranded(in membership: Membership) -> Int {
        guard membership.members.contains(where: { !$0.isDraining }), !membership.hasClaimableOrphans else { return 0 }
        return membership.unclaimed
    }
}

extension Membership {
    /// Strategies that nobody has, and that are on the way to nobody.
    fileprivate var unclaimed: Int {
        orphans.strategies - members.reduce(0) { $0 + ($1.isDraining ? 0 : $1.incoming.strategies) }
    }

    /// Whether somebody has room for some of them.
    fileprivate var hasClaimableOrphans: Bool {
        unclaimed > 0 && members.contains { !$0.isDraining && $0.room >= orphans.smallestShard }
    }

    /// Whether nothing is about to be taken by those that carry least: that must not be anticipated.
    fileprivate var isSettled: Bool {
        !hasClaimableOrphans && !members.contains { $0.isDraining && $0.holdings.strategies > 0 }
    }
}

extension Membership.Member {
    /// Strategies that it has, and those on the way to it.
    fileprivate var promised: Int { holdings.strategies + incoming.strategies }

    /// Strategies that it could still take.
    fileprivate var room: Int { capacity - promised }
}
