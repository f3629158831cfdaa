/// The proof of ownership that every write on a strategy's behalf carries: it takes effect only while the shard still has
/// this owner at this epoch, on a server of the timeline that the owner joined under (it is a part of the id).
package struct FencingToken: Sendable, Hashable {
    package let shard: Int
    package let owner: ReplicaID
    package let epoch: Int64

    package init(shard: Int, owner: ReplicaID, epoch: Int64) {
        self.shard = shard
        self.owner = owner
        self.epoch = epoch
    }

    /// The server's WAL timeline that the owner joined under. (As `tenure.timeline_of` has it.)
    package var timeline: Int64 { owner / Self.idsOfTimeline + 1 }

    private static let idsOfTimeline: ReplicaID = 10_000_000_000
}

/// The id of one incarnation of one replica: the server's WAL timeline when it joined and a number from a sequence, so never
/// reused, even on a promoted standby that has lost the last of them.
package typealias ReplicaID = Int64
