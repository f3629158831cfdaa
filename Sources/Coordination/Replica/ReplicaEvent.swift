/// What happens to a replica: the only input of ``ReplicaStateMachine``.
package enum ReplicaEvent<Instant: InstantProtocol & Sendable>: Sendable where Instant.Duration == Duration {
    case start
    /// The deadline that the machine asked for has come (or an earlier one: early and late ticks are harmless).
    case tick
    case sessionOpened(generation: Int)
    case sessionLost(generation: Int)
    /// The row is there; the statement that wrote its lease was sent at `sentAt`.
    case joined(ReplicaID, sentAt: Instant)
    case reattached(ReplicaID, sentAt: Instant)
    case renewed(ReplicaID, Membership, sentAt: Instant, version: Int)
    /// A renewal or reattachment found the row fenced, gone, or of another timeline.
    case refused(ReplicaID)
    case renewalFailed(ReplicaID)
    case watched(ReplicaID, isFree: Bool)
    case watchFailed(ReplicaID)
    case fenceAnswered(ReplicaID, isCommitted: Bool)
    /// `missed`: orphans that were this replica's to take, but locked by somebody at that moment.
    case claimed([ShardClaim], missed: Int)
    /// The claim was answered by an error: it may have taken effect or not.
    case claimUnknown
    case owned([FencingToken], version: Int)
    case listingFailed
    /// A hand-over is over; these are no longer owned here. It may have released fewer than asked for.
    case handedOver([FencingToken])
    /// The same, but the answer was lost.
    case handOverUnknown
    /// Somebody declared this replica dead.
    case heardFenced(ReplicaID)
    /// There are new orphans.
    case heardReleased
    /// Notifications may have been missed.
    case heardNothingForAWhile
    case drain
    case handedOverEverything
    case left
}
