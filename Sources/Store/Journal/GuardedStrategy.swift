/// A strategy and the token that its writes are guarded by.
package struct GuardedStrategy: Sendable, Hashable {
    package let id: Int64
    package let shard: Int
    package let owner: Int64
    package let epoch: Int64

    package init(id: Int64, shard: Int, owner: Int64, epoch: Int64) {
        self.id = id
        self.shard = shard
        self.owner = owner
        self.epoch = epoch
    }
}
