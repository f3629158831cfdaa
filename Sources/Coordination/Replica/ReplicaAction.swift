/// What ``ReplicaStateMachine`` tells its shell to do. Every action but the host's is answered by an event, if not said otherwise.
package enum ReplicaAction: Sendable, Equatable {
    /// Open a session after a pause; answered by `sessionOpened` or `sessionLost` with this generation.
    case openSession(generation: Int, after: Duration)
    case closeSession
    /// Take an id, the session lock, and insert the row.
    case join(generation: Int)
    /// Take the session lock again and renew the lease under the id held before.
    case reattach(ReplicaID, generation: Int)
    /// Heartbeat; the stamp comes back with the answer. `unseen`: say whose session locks of these are held.
    case renew(ReplicaID, ReplicaStamp, unseen: [ReplicaID])
    /// Ask for the session lock of this replica; the attempt comes back. A quick look as long as it was not seen held, and then
    /// a long poll that fences it should the lock be free.
    case watch(ReplicaID, by: ReplicaID, attempt: Int, seenHeld: Bool)
    /// Declare a replica dead whose lease has expired.
    case fence(ReplicaID, by: ReplicaID)
    /// End what a fenced replica has left on the server. Not answered.
    case endBackends(ReplicaID)
    /// `handedOnly`: only what was released to this replica by name.
    case claim(ReplicaID, handedOnly: Bool = false)
    /// List what the database says is owned here.
    case listOwned(ReplicaID, ReplicaStamp)
    case handOver(PlacementPolicy.HandOver, in: Membership, by: ReplicaID)
    /// Mark the row as draining; settle and release all of this.
    case handOverEverything([FencingToken], by: ReplicaID)
    /// Get ready for these shards, and tell the giver. Not answered.
    case expect([Int], from: ReplicaID, by: ReplicaID)
    /// Record that nobody has room for so many strategies. Not answered.
    case recordStranded(Int, capacity: Int, by: ReplicaID)
    /// Delete the row, unless something is owned still.
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

/// To which state of the machine a question belongs, so that the answer is not taken for one to a later state.
package struct ReplicaStamp: Sendable, Equatable {
    /// Number of the session it is asked on.
    package let generation: Int
    /// Number of changes of what is owned here, when it was asked.
    package let version: Int
}

/// A shard that has just been taken.
package struct ShardClaim: Sendable, Equatable {
    package let token: FencingToken
    /// Active strategies in it at the time of the claim.
    package let strategies: Int
    /// What was wanted of it then; `nil` where that is not known.
    package let revision: Int64?

    package init(token: FencingToken, strategies: Int, revision: Int64? = nil) {
        self.token = token
        self.strategies = strategies
        self.revision = revision
    }
}
