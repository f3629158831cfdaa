// Staying alive: the session, the lease, and what a heartbeat brings back.

extension ReplicaStateMachine {
    /// A replica that was fenced joins again at once, but not again and again: each time its strategies move.
    static var firstRejoinPause: Duration { .milliseconds(250) }
    static var longestRejoinPause: Duration { .seconds(8) }
    /// After this long without being fenced, the next time counts as the first.
    static var calm: Duration { .seconds(60) }

    /// Between attempts to open a session: for five seconds or so, then longer and longer.
    static var quickPause: Duration { .milliseconds(40) }
    static var quickAttempts: Int { 150 }

    mutating func openSession(after least: Duration = .zero) -> [ReplicaAction] {
        generation += 1
        session = .opening
        isRenewing = false
        renewAgain = false
        // The first attempt at once, and quick ones for as long as a restart of the database may take: every moment counts.
        let pause: Duration =
            switch failedSessions {
            case 0: .zero
            case 1...Self.quickAttempts: Self.quickPause
            default: min(Self.quickPause * (1 << min(failedSessions - Self.quickAttempts, 5)), .seconds(1))
            }
        failedSessions += 1
        return [.openSession(generation: generation, after: max(pause, least))]
    }

    mutating func sessionOpened(_ generation: Int, _ now: Instant) -> [ReplicaAction] {
        guard generation == self.generation, session == .opening else { return [] }
        session = .open(since: now)
        return [id.map { .reattach($0, generation: generation) } ?? .join(generation: generation)]
    }

    mutating func sessionLost(_ generation: Int) -> [ReplicaAction] {
        guard generation == self.generation else { return [] }
        if isDraining, id == nil { return finish() }
        forgetWhatWasSeen()
        return openSession()
    }

    /// What was observed in one session means nothing in the next: the database may have restarted in between.
    private mutating func forgetWhatWasSeen() {
        watch = nil
        seenHeld = []
        fencing = []
        knownFences = []
        expiries = []
        (renewAt, claimAt, watchAt, judgeLeasesAt) = (nil, nil, nil, nil)
    }

    mutating func joined(
        _ id: ReplicaID,
        _ generation: Int,
        _ sentAt: Instant,
        _ now: Instant
    ) -> [ReplicaAction] {
        // An answer that comes after its session has ended: that row has no lock, and its lease will tell.
        guard self.id == nil, generation == self.generation, case .open(let since) = session else { return [] }
        self.id = id
        joinedAt = now
        attach(since, sentAt, now)
        // Asked to leave while joining: nothing is owned yet.
        return isDraining ? leave() : renew()
    }

    mutating func reattached(
        _ id: ReplicaID,
        _ generation: Int,
        _ sentAt: Instant,
        _ now: Instant
    ) -> [ReplicaAction] {
        guard id == self.id, generation == self.generation, case .open(let since) = session else { return [] }
        attach(since, sentAt, now)
        // What was under way when the session was lost may have happened or not.
        needsListing = true
        return resume(now) + renew() + (isDraining ? continueDrain() : listOwned() + [.refresh])
    }

    private mutating func attach(_ since: Instant, _ sentAt: Instant, _ now: Instant) {
        session = .attached(since: since)
        failedSessions = 0
        trust(sentAt)
        renewAt = now.advanced(by: lease.heartbeatInterval)
    }

    mutating func renew() -> [ReplicaAction] {
        guard let id, isAttached else { return [] }
        guard !isRenewing else {
            renewAgain = true
            return []
        }
        isRenewing = true
        renewAgain = false
        let unseen = membership?.members.map(\.id).filter { $0 != id && !seenHeld.contains($0) } ?? []
        return [.renew(id, stamp, unseen: unseen)]
    }

    private mutating func trust(_ sentAt: Instant) {
        let deadline = sentAt.advanced(by: lease.ttl - lease.margin)
        trustedUntil = max(trustedUntil ?? deadline, deadline)
    }

    private mutating func resume(_ now: Instant) -> [ReplicaAction] {
        guard isSuspended, let trustedUntil, now < trustedUntil else { return [] }
        isSuspended = false
        return [.resume]
    }

    mutating func renewed(
        _ id: ReplicaID,
        _ membership: Membership,
        _ sentAt: Instant,
        _ stamp: ReplicaStamp,
        _ now: Instant
    ) -> [ReplicaAction] {
        guard id == self.id, stamp.generation == generation, isAttached else { return [] }
        isRenewing = false
        trust(sentAt)
        self.membership = membership
        for member in membership.members where member.isSeenHeld { seenHeld.insert(member.id) }
        var actions = resume(now)
        actions += watchNext(now)
        noteLeases(now)
        if let mine = membership.member(id) {
            actions += compare(mine.holdings, isCurrent: stamp.version == version)
            if mine.isDraining { actions += drain() }
        }
        if renewAgain { actions += renew() }
        guard !isDraining else { return actions }
        if claimAt == nil, PlacementPolicy.mayClaim(id, in: membership) { actions += claim() }
        actions += noteStranded(id, membership)
        if !isHandingOver, !isClaiming, !isListing, stamp.version == version,
            let move = PlacementPolicy.handOver(from: id, in: membership)
        {
            isHandingOver = true
            actions.append(.handOver(move, in: membership, by: id))
        }
        return actions
    }

    /// Strategies that nobody has room for are everybody's business; one makes a note of it in the database.
    private mutating func noteStranded(_ id: ReplicaID, _ membership: Membership) -> [ReplicaAction] {
        let before = stranded
        stranded = PlacementPolicy.stranded(in: membership)
        let ready = membership.members.filter { !$0.isDraining }
        guard before == 0, stranded > 0, ready.first?.id == id else { return [] }
        return [.recordStranded(stranded, capacity: ready.reduce(0) { $0 + $1.capacity }, by: id)]
    }

    /// Notices when the two pictures of what is owned here, or of what is wanted of it, differ.
    private mutating func compare(_ mine: Membership.Holdings, isCurrent: Bool) -> [ReplicaAction] {
        var actions: [ReplicaAction] = []
        if needsListing {
            actions += listOwned()
        } else if isCurrent, !isClaiming, !isHandingOver, !isDraining,
            mine.shards != owned.count || mine.epochs != Membership.Holdings.sum(epochs: owned)
        {
            actions += listOwned()
        }
        if let revisions, revisions != mine.revisions { actions.append(.refresh) }
        revisions = mine.revisions
        return actions
    }

    /// The verdict: nothing here is owned any more. Join again as a new replica.
    mutating func fenced(_ now: Instant) -> [ReplicaAction] {
        var actions: [ReplicaAction] = [.abandon(tokens())]
        // There is nothing left to suspend, and nothing of it may outlive this replica.
        if isSuspended { actions.append(.resume) }
        if isDraining { return actions + finish() }
        id = nil
        owned = [:]
        version += 1
        membership = nil
        trustedUntil = nil
        isSuspended = false
        forgetWhatWasSeen()
        isClaiming = false
        (claimAgain, claimHandedAgain) = (false, false)
        missedClaims = 0
        isHandingOver = false
        isListing = false
        needsListing = false
        revisions = nil
        failedSessions = 0
        if let joinedAt, joinedAt.duration(to: now) >= Self.calm { fencedInARow = 0 }
        let pause: Duration =
            fencedInARow == 0
            ? .zero : min(Self.firstRejoinPause * (1 << min(fencedInARow - 1, 10)), Self.longestRejoinPause)
        fencedInARow += 1
        return actions + [.closeSession] + openSession(after: pause)
    }

    mutating func heardFenced(_ victim: ReplicaID, _ now: Instant) -> [ReplicaAction] {
        // Of oneself: the renewal will tell.
        guard victim != id else { return renew() }
        return learnedOfFence(victim, now)
    }
}
