/// The life of one replica: join, stay alive, watch, fence, claim, hand over, leave. Pure: events in, actions out, time
/// only as an argument.
///
/// ```
///            sessionOpened      joined                    drain                 nothing owned
/// apart ───► joining ─────────► member ─────────────────► draining ───────────► leaving ──► finished
///   ▲                             │  ▲                      │                                  ▲
///   │ refused (fenced)            │  │ reattached           │ refused (fenced)                 │
///   └─────────────────────────────┤  │                      └─────────────────────────────────►┘
///                     sessionLost ▼  │
///                               detached (keeps its shards; suspended once *trusted until* has passed)
/// ```
///
/// | what fails | what follows |
/// | --- | --- |
/// | the session | a new one, then `reattach`; nothing is asked or decided in between, and nothing seen before counts |
/// | a claim, release or listing | what is owned is listed, until the two pictures agree |
/// | the renewal, for too long | `suspend` at *trusted until* |
/// | the row is fenced or gone | everything abandoned, joined again: at once, later and later if it happens again |
/// | the drain | begun again, for as long as the process lets it: ended then, it is taken over like any dead replica |
package struct ReplicaStateMachine<Instant: InstantProtocol & Sendable>: Sendable where Instant.Duration == Duration {
    package typealias Event = ReplicaEvent<Instant>

    enum Session: Equatable {
        case opening
        /// Connected; the lock and the row are being taken.
        case open(since: Instant)
        /// The lock is held and the lease renewed: this replica may ask and decide.
        case attached(since: Instant)
    }

    struct Watch: Equatable {
        let target: ReplicaID
        /// Tells the answer that is awaited from those to older questions; `nil` while none is.
        var attempt: Int?
    }

    let lease: LeaseConfiguration

    /// `nil` while this process is no replica: before joining, and after having been fenced.
    package internal(set) var id: ReplicaID?
    /// The local deadline after which this replica must assume that it was fenced.
    package internal(set) var trustedUntil: Instant?
    package internal(set) var isSuspended = false
    package internal(set) var isDraining = false
    package internal(set) var isFinished = false
    package internal(set) var membership: Membership?
    /// Strategies that no replica has room for.
    package internal(set) var stranded = 0
    /// Shards owned here, with their epochs.
    package internal(set) var owned: [Int: Int64] = [:]

    var session = Session.opening
    var generation = 0
    var failedSessions = 0
    var joinedAt: Instant?
    /// How often this process was fenced without a calm time in between.
    var fencedInARow = 0

    var watch: Watch?
    var watchAttempts = 0
    /// Whose session lock was seen held in this session of one's own: a free lock proves nothing to anybody else.
    var seenHeld: Set<ReplicaID> = []
    var fencing: Set<ReplicaID> = []
    /// Fenced ones of which this session has learned.
    var knownFences: Set<ReplicaID> = []
    /// When the lease of each other member expires, unless it is renewed.
    var expiries: [(id: ReplicaID, at: Instant)] = []

    var isRenewing = false
    var renewAgain = false
    var isClaiming = false
    var isClaimingHanded = false
    var claimAgain = false
    var claimHandedAgain = false
    var missedClaims = 0
    var isHandingOver = false
    var isListing = false
    var needsListing = false
    var isHandingOverEverything = false
    var isLeaving = false
    var revisions: Int64?
    /// Counts changes of `owned`, so that an answer that was asked for before a change is not mistaken for a contradiction.
    var version = 0

    var renewAt: Instant?
    var claimAt: Instant?
    var watchAt: Instant?
    var judgeLeasesAt: Instant?
    var drainAt: Instant?

    package init(lease: LeaseConfiguration) {
        self.lease = lease
    }

    /// When the machine wants a `tick`, whatever else happens.
    package var deadline: Instant? {
        var earliest: Instant?
        func consider(_ instant: Instant?) {
            if let instant, earliest.map({ instant < $0 }) ?? true { earliest = instant }
        }
        consider(renewAt)
        consider(claimAt)
        consider(watchAt)
        consider(judgeLeasesAt)
        consider(drainAt)
        if !isSuspended { consider(trustedUntil) }
        return earliest
    }

    package mutating func handle(_ event: Event, at now: Instant) -> [ReplicaAction] {
        guard !isFinished else { return [] }
        switch event {
        case .start: return openSession()
        case .tick: return tick(now)
        case .sessionOpened(let generation): return sessionOpened(generation, now)
        case .sessionLost(let generation): return sessionLost(generation)
        case .joined(let id, let generation, let sentAt): return joined(id, generation, sentAt, now)
        case .reattached(let id, let generation, let sentAt): return reattached(id, generation, sentAt, now)
        case .renewed(let id, let membership, let sentAt, let stamp):
            return renewed(id, membership, sentAt, stamp, now)
        case .refused(let id): return id == self.id ? fenced(now) : []
        case .renewalFailed(let id, let stamp):
            if id == self.id, stamp.generation == generation { isRenewing = false }
            return []
        case .watched(let target, let attempt, let verdict): return watched(target, attempt, verdict, now)
        case .watchFailed(let target, let attempt): return watchFailed(target, attempt, now)
        case .fenceAnswered(let victim, let isCommitted): return fenceAnswered(victim, isCommitted, now)
        case .heardFenced(let victim): return heardFenced(victim, now)
        // The row decides; the renewal brings it.
        case .heardDrain(let replica): return replica == id ? renew() : []
        case .heardReleased(let receiver): return heardReleased(for: receiver)
        case .heardAnnounced(let shards, let receiver, let giver):
            return receiver == id && isAttached && !isDraining ? [.expect(shards, from: giver, by: receiver)] : []
        case .heardNothingForAWhile: return renew() + (id == nil ? [] : [.refresh])
        case .drain: return drain()
        case .claimed(let claims, let missed, let id): return id == self.id ? claimed(claims, missed, now) : []
        case .claimUnknown(let id): return id == self.id ? claimUnknown() : []
        case .owned(let tokens, let id, let stamp): return id == self.id ? listed(tokens, stamp) : []
        case .listingFailed(let id): return id == self.id ? listingFailed(now) : []
        case .handedOver(let tokens, let id): return id == self.id ? handedOver(tokens) : []
        case .handOverUnknown(let tokens, let id): return id == self.id ? handOverUnknown(tokens) : []
        case .handedOverEverything(let tokens, let id): return id == self.id ? handedOverEverything(tokens, now) : []
        case .handOverEverythingUnknown(let id): return id == self.id ? handOverEverythingUnknown(now) : []
        case .left(let id): return id == self.id ? finish() : []
        case .leaveFailed(let id): return id == self.id ? leaveFailed(now) : []
        }
    }

    private mutating func tick(_ now: Instant) -> [ReplicaAction] {
        var actions: [ReplicaAction] = []
        if let trustedUntil, now >= trustedUntil, !isSuspended {
            isSuspended = true
            actions.append(.suspend)
        }
        if let due = renewAt, now >= due {
            renewAt = now.advanced(by: lease.heartbeatInterval)
            actions += renew()
        }
        if let due = claimAt, now >= due {
            // While one is under way there is nothing to look at yet.
            claimAt = isClaiming ? now.advanced(by: Self.anotherLook) : nil
            if !isClaiming { actions += claim() }
        }
        if let due = watchAt, now >= due {
            watchAt = nil
            actions += askAgain()
        }
        if let due = judgeLeasesAt, now >= due {
            actions += judgeLeases(now)
        }
        if let due = drainAt, now >= due {
            drainAt = nil
            actions += continueDrain()
        }
        return actions
    }

    mutating func finish() -> [ReplicaAction] {
        isFinished = true
        (renewAt, claimAt, watchAt, judgeLeasesAt, drainAt) = (nil, nil, nil, nil, nil)
        trustedUntil = nil
        return [.closeSession, .finish]
    }

    /// Whether this replica may ask and decide.
    var isAttached: Bool {
        if case .attached = session { true } else { false }
    }

    var stamp: ReplicaStamp { ReplicaStamp(generation: generation, version: version) }

    func tokens() -> [FencingToken] {
        guard let id else { return [] }
        return owned.map { FencingToken(shard: $0.key, owner: id, epoch: $0.value) }.sorted { $0.shard < $1.shard }
    }
}
