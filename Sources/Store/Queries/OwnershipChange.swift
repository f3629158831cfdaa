package import Trading

/// Who took a shard from whom, when and why.
package struct OwnershipChange: Sendable {
    /// Where it stands in a list of them.
    package struct Position: Sendable, Hashable {
        package let atMicroseconds: Int64
        package let shard: Int

        package init(atMicroseconds: Int64, shard: Int) {
            self.atMicroseconds = atMicroseconds
            self.shard = shard
        }
    }

    package let shard: Int
    package let epoch: Int64
    package let owner: Owner
    /// Nil if nobody had it.
    package let previousOwner: Owner?
    package let reason: String
    /// Why the previous owner was fenced, if it was.
    package let fencedReason: String?
    /// Active strategies in it at that time; nil where an older version took it.
    package let strategies: Int?
    package let at: Timestamp
    /// When the previous owner had let go of it, after the last write of its own.
    package let releasedAt: Timestamp?
    /// When all of its strategies ran again.
    package let readyAt: Timestamp?
    /// Between the two: how long its strategies stood still.
    package let gapMilliseconds: Int64?
    package let position: Position
}
