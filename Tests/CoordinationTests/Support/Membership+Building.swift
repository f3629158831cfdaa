@testable import Coordination

extension Membership.Member {
    /// A member of whom a test says only what matters to it.
    static func of(
        _ id: ReplicaID,
        capacity: Int = 100,
        draining: Bool = false,
        remaining: Duration = .seconds(3),
        held: Bool = false,
        strategies: Int = 0,
        loaded: Int? = nil,
        empty: Int = 0,
        smallest: Int? = nil,
        owned: [Int: Int64]? = nil,
        revisions: Int64 = 0
    ) -> Membership.Member {
        Membership.Member(
            id: id,
            name: "r\(id)",
            capacity: capacity,
            isDraining: draining,
            leaseRemaining: remaining,
            isSeenHeld: held,
            holdings: Membership.Holdings(
                strategies: strategies,
                loadedShards: loaded ?? (owned.map(\.count) ?? strategies),
                emptyShards: empty,
                smallestShard: smallest ?? min(strategies, 1),
                epochs: owned.map(Membership.Holdings.sum(epochs:)) ?? 0,
                revisions: revisions
            )
        )
    }
}

extension Membership {
    init(_ members: [Member], orphans: Int = 0) {
        self.init(
            members: members,
            orphans: Holdings(strategies: orphans, loadedShards: orphans, emptyShards: 0, smallestShard: 1)
        )
    }
}
