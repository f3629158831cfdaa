/// The proof of ownership that every write on a strategy's behalf carries: it takes effect only while the shard still has
/// this owner at this epoch.
package struct FencingToken: Sendable, Hashable {
    package let shard: Int
    package let owner: ReplicaID
    package let epoch: Int64

    package init(shard: Int, owner: ReplicaID, epoch: Int64) {
        self.shard = shard
        self.owner = owner
        self.epoch = epoch
    }
}

/// The id of one incarnation of one replica: from a sequence, never reused.
package typealias ReplicaID = Int64
