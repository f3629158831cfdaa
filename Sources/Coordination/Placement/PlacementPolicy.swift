/// Decides what a replica hands to another so that everybody carries its share.
///
/// The share is counted in strategies, weighted by capacity. Everybody computes the same plan from what it sees: each
/// member's quota in whole strategies (whoever has a strategy above its share keeps it, so nothing bounces), and then who
/// gives how much to whom, in the order of ids. What has been moved according to a plan leaves the rest of the plan as it
/// was; so all that have too much give at the same time, and no strategy is moved twice.
///
/// Empty shards are shared out too, separately: they carry no work, but new strategies are put into them.
package enum PlacementPolicy {
    package struct HandOver: Sendable, Equatable {
        package let receiver: ReplicaID
        /// Strategies to move, in whole shards.
        package let strategies: Int
        /// Shards without strategies to move.
        package let emptyShards: Int
    }

    /// Strategies that a replica has on the way at one time: enough to be quick, few enough that a wrong decision costs
    /// little.
    static let largestMove = 64
    /// Empty shards that a replica may have too many or too few before any are moved. (But none has none.)
    static let emptySlack = 3

    /// What `giver` hands over now; `nil` if nothing.
    package static func handOver(from giver: ReplicaID, in membership: Membership) -> HandOver? {
        let ready = membership.members.filter { !$0.isDraining }
        guard ready.count > 1, ready.contains(where: { $0.id == giver }) else { return nil }
        let emptyShares = Shares(ready) { ($0.holdings.emptyShards, $0.incoming.emptyShards, 1, 1) }
        let empty = emptyShares.isUneven(by: emptySlack) ? emptyShares.plan(for: giver) : nil
        // One receiver per decision; strategies matter more.
        if let (receiver, strategies) = strategies(from: giver, among: ready, in: membership) {
            return HandOver(
                receiver: receiver,
                strategies: strategies,
                emptyShards: empty?.receiver == receiver ? empty?.count ?? 0 : 0
            )
        }
        return empty.map { HandOver(receiver: $0.receiver, strategies: 0, emptyShards: $0.count) }
    }

    private static func strategies(
        from giver: ReplicaID,
        among ready: [Membership.Member],
        in membership: Membership
    ) -> (receiver: ReplicaID, count: Int)? {
        // What is going to be taken by those that carry least must not be anticipated.
        guard !membership.hasClaimableOrphans,
            !membership.members.contains(where: { $0.isDraining && $0.holdings.strategies > 0 })
        else { return nil }
        let shares = Shares(ready) {
            ($0.holdings.strategies, $0.incoming.strategies, $0.holdings.smallestShard, $0.holdings.largestShard)
        }
        guard shares.isTooFull(giver) else { return nil }
        if shares.canGiveByPlan {
            guard let plan = shares.plan(for: giver), let part = shares.smallestPart(of: giver), part <= plan.count
            else { return nil }
            return (plan.receiver, max(min(plan.count, largestMove), part))
        }
        // What is left are shards larger than what is too much: one at a time, as long as that narrows the gap.
        return shares.singlePart(from: giver)
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
}

extension Membership.Member {
    /// Strategies that it could still take.
    fileprivate var room: Int { capacity - holdings.strategies - incoming.strategies }
}
