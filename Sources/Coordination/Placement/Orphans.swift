/// What nobody has, and who could take it, as one statement sees it.
struct Orphans: Sendable, Equatable {
    struct Shard: Sendable, Equatable {
        let id: Int
        let epoch: Int64
        let strategies: Int
    }

    /// A replica that is neither dead nor leaving, and what it has or is about to.
    struct Taker: Sendable, Equatable {
        let id: ReplicaID
        let capacity: Int
        let strategies: Int
        let emptyShards: Int
    }

    /// Without those that are on the way to somebody.
    var shards: [Shard] = []
    var takers: [Taker] = []
}
