/// Decides what a replica hands to another so that everybody carries its share.
///
/// The share is counted in strategies, weighted by capacity. Empty shards are shared out too, separately: they carry no
/// work, but new strategies are put into them. One replica gives at a time (the fullest of those that can) and one
/// receives (the emptiest), and only if that narrows the gap between them, so nothing bounces.
package enum PlacementPolicy {
    package struct HandOver: Sendable, Equatable {
        package let receiver: ReplicaID
        /// Strategies to move, in whole shards.
        package let strategies: Int
        /// Shards without strategies to move.
        package let emptyShards: Int
    }

    /// Strategies that change hands at one time: enough to be quick, few enough that a wrong decision costs little.
    static let largestMove = 64

    /// What `giver` hands over now; `nil` if nothing.
    package static func handOver(from giver: ReplicaID, in membership: Membership) -> HandOver? {
        let ready = membership.members.filter { !$0.isDraining }
        guard ready.count > 1, ready.contains(where: { $0.id == giver }) else { return nil }
        let strategies = move(from: giver, among: ready, slack: 1, limit: largestMove) {
            ($0.holdings.strategies, $0.holdings.smallestShard)
        }
        let empty = move(from: giver, among: ready, slack: 8, limit: .max) {
            ($0.holdings.emptyShards, $0.holdings.emptyShards > 0 ? 1 : 0)
        }
        // One receiver per decision; strategies matter more.
        if let strategies {
            return HandOver(
                receiver: strategies.receiver,
                strategies: strategies.count,
                emptyShards: empty?.receiver == strategies.receiver ? empty?.count ?? 0 : 0
            )
        }
        return empty.map { HandOver(receiver: $0.receiver, strategies: 0, emptyShards: $0.count) }
    }

    private static func move(
        from giver: ReplicaID,
        among members: [Membership.Member],
        slack: Int,
        limit: Int,
        load: (Membership.Member) -> (amount: Int, smallestPart: Int)
    ) -> (receiver: ReplicaID, count: Int)? {
        let total = members.reduce(0) { $0 + load($1).amount }
        let capacity = members.reduce(0) { $0 + $1.capacity }
        /// What a member has above (below, if negative) its exact share, times the total capacity.
        func surplus(_ member: Membership.Member) -> Int { load(member).amount * capacity - total * member.capacity }
        guard let emptiest = members.min(by: { (surplus($0), $0.id) < (surplus($1), $1.id) }) else { return nil }
        /// A move leaves the gap between two members smaller than it was if less than the gap is moved. Whoever has only
        /// shards that are larger than that cannot give, and must not keep others from it.
        func canGive(_ member: Membership.Member) -> Bool {
            let part = load(member).smallestPart
            return part > 0 && part * capacity < surplus(member) - surplus(emptiest)
        }
        guard
            let fullest = members.filter(canGive).max(by: { (surplus($0), $1.id) < (surplus($1), $0.id) }),
            fullest.id == giver
        else { return nil }
        // In whole units: never more than the giver has too much or the receiver lacks, both rounded up; but one part.
        let over = (surplus(fullest) + capacity - 1) / capacity
        let under = (-surplus(emptiest) + capacity - 1) / capacity
        let count = max(min(over, under, limit), load(fullest).smallestPart)
        let gap = surplus(fullest) - surplus(emptiest)
        guard gap > slack * capacity, count * capacity < gap else { return nil }
        return (emptiest.id, count)
    }
}
