/// What happens to a replica: the only input of ``ReplicaStateMachine``.
///
/// Answers name the replica, session or attempt that asked: this process may be another replica by now.
package enum ReplicaEvent<Instant: InstantProtocol & Sendable>: Sendable where Instant.Duration == Duration {
    case start
    /// The deadline that the machine asked for has come (or an earlier one: early and late ticks are harmless).
    case tick
    case sessionOpened(generation: Int)
    case sessionLost(generation: Int)
    /// The row is there; the statement that wrote its lease was sent at `sentAt`.
    case joined(ReplicaID, generation: Int, sentAt: Instant)
    case reattached(ReplicaID, generation: Int, sentAt: Instant)
    case renewed(ReplicaID, Membership, sentAt: Instant, ReplicaStamp)
    /// A renewal or reattachment found the row fenced, gone, or of another timeline.
    case refused(ReplicaID)
    case renewalFailed(ReplicaID, ReplicaStamp)
    case watched(ReplicaID, attempt: Int, WatchVerdict)
    case watchFailed(ReplicaID, attempt: Int)
    case fenceAnswered(ReplicaID, isCommitted: Bool)
    /// `missed`: orphans that were this replica's to take, but locked by somebody at that moment.
    case claimed([ShardClaim], missed: Int, by: ReplicaID)
    /// The claim was answered by an error: it may have taken effect or not.
    case claimUnknown(by: ReplicaID)
    case owned([FencingToken], by: ReplicaID, ReplicaStamp)
    case listingFailed(by: ReplicaID)
    /// A hand-over is over; these are neither owned nor run here any more. It may be less than was asked for.
    case handedOver([FencingToken], by: ReplicaID)
    /// The same, but the answer was lost: these are not run here any more, and may still be owned.
    case handOverUnknown([FencingToken], by: ReplicaID)
    /// Somebody declared this replica dead.
    case heardFenced(ReplicaID)
    /// Somebody asked this replica to drain: its row says so.
    case heardDrain(ReplicaID)
    /// There are new orphans: for this replica by name, or (`nil`) for all.
    case heardReleased(for: ReplicaID?)
    /// These shards are about to be handed over to `receiver`.
    case heardAnnounced([Int], to: ReplicaID, from: ReplicaID)
    /// Notifications may have been missed.
    case heardNothingForAWhile
    case drain
    /// All that could be settled was handed over: these.
    case handedOverEverything([FencingToken], by: ReplicaID)
    /// Part of it, perhaps.
    case handOverEverythingUnknown(by: ReplicaID)
    case left(ReplicaID)
    /// Something is still owned, or the answer was lost.
    case leaveFailed(ReplicaID)
}
