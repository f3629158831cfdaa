/// The life of one replica: join, stay alive, watch, fence, claim, hand over, leave. Pure: events in, actions out, time
/// only as an argument.
///
/// ```
///            sessionOpened      joined                    drain            handedOverEverything
/// apart ───► joining ─────────► member ─────────────────► draining ──────────► leaving ──► finished
///   ▲                             │  ▲                        │
///   │ refused (fenced)            │  │ reattached             │ sessionLost: as for a member
///   └─────────────────────────────┤  │
///                     sessionLost ▼  │
///                               detached (keeps its shards; suspended once *trusted until* has passed)
/// ```
package struct ReplicaStateMachine<Instant: InstantProtocol & Sendable>: Sendable where Instant.Duration == Duration {
    package typealias Event = ReplicaEvent<Instant>

    enum Session: Equatable {
        case opening
        case open(since: Instant)
    }

    struct Watch: Equatable {
        var target: ReplicaID
        /// A free lock proves a death only to a watcher who saw that same lock held, in its own current session.
        var hasSeenHeld = false
        var isAsking = true
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
    /// Shards owned here, with their epochs.
    package internal(set) var owned: [Int: Int64] = [:]

    var session = Session.opening
    var generation = 0
    var failedSessions = 0
    var watch: Watch?
    var fencing: Set<ReplicaID> = []
    var isRenewing = false
    var isClaiming = false
    var claimAgain = false
    var missedClaims = 0
    var isHandingOver = false
    var isHandingOverEverything = false
    var isListing = false
    var needsListing = false
    var revisions: Int64?
    /// Counts changes of `owned`, so that an answer that was asked for before a change is not mistaken for a contradiction.
    var version = 0

    var renewAt: Instant?
    var claimAt: Instant?
    var watchAt: Instant?
    var judgeLeasesAt: Instant?

    package init(lease: LeaseConfiguration) {
        self.lease = lease
    }

    /// When the machine wants a `tick`, whatever else happens.
    package var deadline: Instant? {
        [renewAt, claimAt, watchAt, judgeLeasesAt, isSuspended ? nil : trustedUntil].compactMap { $0 }.min()
    }

    package mutating func handle(_ event: Event, at now: Instant) -> [ReplicaAction] {
        guard !isFinished else { return [] }
        switch event {
        case .start: return openSession()
        case .tick: return tick(now)
        case .sessionOpened(let generation): return sessionOpened(generation, now)
        case .sessionLost(let generation): return sessionLost(generation)
        case .joined(let id, let sentAt): return joined(id, sentAt, now)
        case .reattached(let id, let sentAt): return reattached(id, sentAt, now)
        case .renewed(let id, let membership, let sentAt, let version):
            return renewed(id, membership, sentAt, version, now)
        case .refused(let id): return id == self.id ? fenced() : []
        case .renewalFailed(let id):
            if id == self.id { isRenewing = false }
            return []
        case .watched(let target, let isFree): return watched(target, isFree, now)
        case .watchFailed(let target):
            guard watch?.target == target else { return [] }
            watch = Watch(target: target, isAsking: false)
            watchAt = now.advanced(by: .milliseconds(50))
            return []
        case .fenceAnswered(let victim, let isCommitted): return fenceAnswered(victim, isCommitted, now)
        case .claimed(let claims, let missed): return claimed(claims, missed, now)
        case .claimUnknown:
            isClaiming = false
            return listOwned() + drainOnceQuiet()
        case .owned(let tokens, let version): return listed(tokens, version)
        case .handedOver(let tokens):
            isHandingOver = false
            return forget(tokens) + list(ifNeeded: needsListing) + drainOnceQuiet()
        case .handOverUnknown:
            isHandingOver = false
            return listOwned() + drainOnceQuiet()
        case .listingFailed:
            isListing = false
            needsListing = true
            return []
        case .heardFenced(let victim):
            return victim == id ? renew() : forget(member: victim) + claim() + watchNext(now)
        case .heardReleased: return claim()
        case .heardNothingForAWhile: return renew() + (id == nil ? [] : [.refresh])
        case .drain: return drain()
        case .handedOverEverything:
            guard let id, isDraining else { return [] }
            return [.leave(id)]
        case .left: return finish()
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
            claimAt = nil
            actions += claim()
        }
        if let due = watchAt, now >= due {
            watchAt = nil
            actions += askAgain()
        }
        if let due = judgeLeasesAt, now >= due {
            actions += judgeLeases(now)
        }
        return actions
    }
}

// MARK: - Session and lease

extension ReplicaStateMachine {
    private mutating func openSession() -> [ReplicaAction] {
        generation += 1
        session = .opening
        isRenewing = false
        // The first attempt at once: after a restart of the database every moment counts.
        let pause: Duration =
            failedSessions == 0 ? .zero : min(.milliseconds(25) * (1 << min(failedSessions, 6)), .seconds(1))
        failedSessions += 1
        return [.openSession(generation: generation, after: pause)]
    }

    private mutating func sessionOpened(_ generation: Int, _ now: Instant) -> [ReplicaAction] {
        guard generation == self.generation, session == .opening else { return [] }
        session = .open(since: now)
        return [id.map(ReplicaAction.reattach) ?? .join]
    }

    private mutating func sessionLost(_ generation: Int) -> [ReplicaAction] {
        guard generation == self.generation else { return [] }
        if isDraining, id == nil { return finish() }
        renewAt = nil
        judgeLeasesAt = nil
        return openSession()
    }

    private mutating func joined(_ id: ReplicaID, _ sentAt: Instant, _ now: Instant) -> [ReplicaAction] {
        self.id = id
        failedSessions = 0
        trust(sentAt)
        renewAt = now.advanced(by: lease.heartbeatInterval)
        // Asked to leave while joining: nothing is owned yet.
        return isDraining ? [.leave(id)] : renew()
    }

    private mutating func reattached(_ id: ReplicaID, _ sentAt: Instant, _ now: Instant) -> [ReplicaAction] {
        guard id == self.id else { return [] }
        failedSessions = 0
        trust(sentAt)
        renewAt = now.advanced(by: lease.heartbeatInterval)
        // What was under way when the session was lost may have happened or not.
        return resume() + renew() + listOwned() + [.refresh]
    }

    private mutating func renew() -> [ReplicaAction] {
        guard let id, case .open = session, !isRenewing else { return [] }
        isRenewing = true
        return [.renew(id, version: version)]
    }

    private mutating func trust(_ sentAt: Instant) {
        let deadline = sentAt.advanced(by: lease.ttl - lease.margin)
        trustedUntil = max(trustedUntil ?? deadline, deadline)
    }

    private mutating func resume() -> [ReplicaAction] {
        guard isSuspended else { return [] }
        isSuspended = false
        return [.resume]
    }

    private mutating func renewed(
        _ id: ReplicaID,
        _ membership: Membership,
        _ sentAt: Instant,
        _ version: Int,
        _ now: Instant
    ) -> [ReplicaAction] {
        guard id == self.id else { return [] }
        isRenewing = false
        trust(sentAt)
        self.membership = membership
        var actions: [ReplicaAction] = []
        if let trustedUntil, now < trustedUntil { actions += resume() }
        actions += watchNext(now)
        scheduleJudgement(now)
        if let mine = membership.member(id)?.holdings {
            if version == self.version, !isClaiming, !isHandingOver {
                let agrees = mine.shards == owned.count && mine.epochs == owned.values.reduce(0, +)
                actions += list(ifNeeded: !agrees)
            }
            if let revisions, revisions != mine.revisions { actions.append(.refresh) }
            revisions = mine.revisions
        }
        guard !isDraining else { return actions }
        if membership.orphans.shards > 0 { actions += claim() }
        if !isHandingOver, !isClaiming, version == self.version,
            let move = PlacementPolicy.handOver(from: id, in: membership)
        {
            isHandingOver = true
            actions.append(.handOver(move))
        }
        return actions
    }

    /// The verdict: nothing here is owned any more. Join again as a new replica.
    private mutating func fenced() -> [ReplicaAction] {
        // A suspended host must not stay so: what is run next under a new id is none of the old one's business.
        let ending = [.abandon(tokens())] + resume()
        id = nil
        owned = [:]
        version += 1
        membership = nil
        trustedUntil = nil
        watch = nil
        fencing = []
        isClaiming = false
        claimAgain = false
        isHandingOver = false
        isListing = false
        needsListing = false
        revisions = nil
        (renewAt, claimAt, watchAt, judgeLeasesAt) = (nil, nil, nil, nil)
        if isDraining { return ending + finish() }
        failedSessions = 0
        return ending + [.closeSession] + openSession()
    }

    private mutating func drain() -> [ReplicaAction] {
        guard !isDraining else { return [] }
        isDraining = true
        // While joining the answer is awaited: the row may be there already.
        guard id != nil else {
            if case .open = session { return [] }
            return finish()
        }
        claimAt = nil
        return drainOnceQuiet()
    }

    /// Hands everything over, once what is under way has told what "everything" is.
    mutating func drainOnceQuiet() -> [ReplicaAction] {
        guard isDraining, id != nil, !isClaiming, !isHandingOver, !isHandingOverEverything else { return [] }
        isHandingOverEverything = true
        return [.handOverEverything(tokens())]
    }

    private mutating func finish() -> [ReplicaAction] {
        isFinished = true
        (renewAt, claimAt, watchAt, judgeLeasesAt, trustedUntil) = (nil, nil, nil, nil, nil)
        return [.closeSession, .finish]
    }

    func tokens() -> [FencingToken] {
        guard let id else { return [] }
        return owned.map { FencingToken(shard: $0.key, owner: id, epoch: $0.value) }.sorted { $0.shard < $1.shard }
    }
}
