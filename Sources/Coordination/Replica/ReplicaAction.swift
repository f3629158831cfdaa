/// What ``ReplicaStateMachine`` tells its shell to do. Every action but the host's is answered by an event.
package enum ReplicaAction: Sendable, Equatable {
    /// Open a session after a pause; answered by `sessionOpened` or `sessionLost` with this generation.
    case openSession(generation: Int, after: Duration)
    case closeSession
    /// Take an id, the session lock, and insert the row.
    case join
    /// Take the session lock again and renew the lease under the id held before.
    case reattach(ReplicaID)
    /// Heartbeat; `version` comes back with the answer.
    case renew(ReplicaID, version: Int)
    /// Ask for the session lock of this replica: a quick look first, then a long poll.
    case watch(ReplicaID, quick: Bool)
    case fence(ReplicaID, FenceReason)
    case claim(ReplicaID)
    /// List what the database says is owned here.
    case listOwned(ReplicaID, version: Int)
    case handOver(PlacementPolicy.HandOver)
    /// Settle and release all of this.
    case handOverEverything([FencingToken])
    /// Delete the row and close the session.
    case leave(ReplicaID)
    case finish

    // For the host.
    /// Run these shards' strategies.
    case bringUp([ShardClaim])
    /// Stop these shards' strategies at once, and write nothing.
    case abandon([FencingToken])
    /// The desired state of some strategies here may have changed: compare.
    case refresh
    /// Decide nothing and send nothing until `resume`: this replica may have been fenced.
    case suspend
    case resume
}

/// A shard that has just been taken.
package struct ShardClaim: Sendable, Equatable {
    package let token: FencingToken
    /// Active strategies in it at the time of the claim.
    package let strategies: Int

    package init(token: FencingToken, strategies: Int) {
        self.token = token
        self.strategies = strategies
    }
}
