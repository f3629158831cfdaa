/// What a heartbeat brings back: everybody who is alive, what they carry, and what nobody carries.
package struct Membership: Sendable, Equatable {
    /// One replica that is not fenced.
    package struct Member: Sendable, Equatable {
        package let id: ReplicaID
        package let name: String
        /// Strategies it is ready to run; its weight when work is shared out.
        package let capacity: Int
        package let isDraining: Bool
        /// Until its lease expires, by PostgreSQL's clock at the time of the answer. Negative once expired.
        package let leaseRemaining: Duration
        /// Whether its session lock was seen held just now; false also where that was not asked for.
        package var isSeenHeld = false
        package var holdings: Holdings
        package var incoming = Incoming()
    }

    /// What was released to a member by name, and not taken yet. (Part of the orphans until then.)
    package struct Incoming: Sendable, Equatable {
        package var strategies = 0
        package var emptyShards = 0

        package init(strategies: Int = 0, emptyShards: Int = 0) {
            self.strategies = strategies
            self.emptyShards = emptyShards
        }
    }

    /// A sum over shards.
    package struct Holdings: Sendable, Equatable {
        /// Active strategies in these shards.
        package var strategies = 0
        /// Shards with strategies.
        package var loadedShards = 0
        /// Shards without.
        package var emptyShards = 0
        /// Strategies in the smallest of those with any; 0 if there is none.
        package var smallestShard = 0
        /// Strategies in the largest.
        package var largestShard = 0
        /// Sums that change with every change of ownership, and with every change of what is wanted: two cheap ways to
        /// notice that one's own picture is out of date. Epochs are weighted by shard, so that one shard gone and another
        /// come shows, too.
        package var epochs: Int64 = 0
        package var revisions: Int64 = 0

        package init() {}

        package init(
            strategies: Int,
            loadedShards: Int,
            emptyShards: Int,
            smallestShard: Int,
            largestShard: Int? = nil,
            epochs: Int64 = 0,
            revisions: Int64 = 0
        ) {
            self.strategies = strategies
            self.loadedShards = loadedShards
            self.emptyShards = emptyShards
            self.smallestShard = smallestShard
            self.largestShard = largestShard ?? smallestShard
            self.epochs = epochs
            self.revisions = revisions
        }

        var shards: Int { loadedShards + emptyShards }

        /// What `epochs` is for these shards.
        static func sum(epochs: [Int: Int64]) -> Int64 {
            epochs.reduce(0) { $0 + Int64($1.key + 1) * $1.value }
        }

        static func + (left: Holdings, right: Holdings) -> Holdings {
            Holdings(
                strategies: left.strategies + right.strategies,
                loadedShards: left.loadedShards + right.loadedShards,
                emptyShards: left.emptyShards + right.emptyShards,
                smallestShard: [left.smallestShard, right.smallestShard].filter { $0 > 0 }.min() ?? 0,
                largestShard: max(left.largestShard, right.largestShard),
                epochs: left.epochs + right.epochs,
                revisions: left.revisions + right.revisions
            )
        }
    }

    /// In the order of their ids.
    package let members: [Member]
    /// What has no owner, or one that is fenced or gone.
    package let orphans: Holdings

    package init(members: [Member], orphans: Holdings) {
        self.members = members.sorted { $0.id < $1.id }
        self.orphans = orphans
    }

    package func member(_ id: ReplicaID) -> Member? { members.first { $0.id == id } }

    /// Whose session lock `id` watches: the next one in the ring of ids. `nil` when it is alone.
    package func watched(by id: ReplicaID) -> ReplicaID? {
        let others = members.lazy.map(\.id).filter { $0 != id }
        return others.first { $0 > id } ?? others.first
    }
}
