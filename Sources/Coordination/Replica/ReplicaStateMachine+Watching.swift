// Finding the dead: the ring of session locks, and the leases as the net under it.

extension ReplicaStateMachine {
    /// Watches whoever is next in the ring now.
    mutating func watchNext(_ now: Instant) -> [ReplicaAction] {
        guard isAttached, let id, let target = membership?.watched(by: id) else {
            watch = nil
            watchAt = nil
            return []
        }
        guard watch?.target != target else { return [] }
        watch = Watch(target: target)
        watchAt = nil
        return askAgain()
    }

    mutating func askAgain() -> [ReplicaAction] {
        guard let id, let target = watch?.target, watch?.attempt == nil, !fencing.contains(target) else { return [] }
        watchAttempts += 1
        watch?.attempt = watchAttempts
        return [.watch(target, by: id, attempt: watchAttempts, seenHeld: seenHeld.contains(target))]
    }

    mutating func watched(
        _ target: ReplicaID,
        _ attempt: Int,
        _ verdict: WatchVerdict,
        _ now: Instant
    ) -> [ReplicaAction] {
        let isAwaited = watch?.target == target && watch?.attempt == attempt
        if isAwaited { watch?.attempt = nil }
        // A fact, whatever was asked since.
        if verdict == .fenced { return isAttached ? fenced(target, now) : [] }
        guard isAwaited else { return [] }
        if verdict == .held {
            seenHeld.insert(target)
            return askAgain()
        }
        let wasSeenHeld = seenHeld.remove(target) != nil
        // Never seen held: it may be coming back (the database has restarted), or it died before anybody looked. Its lease will
        // tell. Or somebody else was first, or it lives after all: believe nothing seen before.
        watchAt = now.advanced(by: .milliseconds(wasSeenHeld ? 10 : 100))
        return wasSeenHeld ? renew() : []
    }

    mutating func watchFailed(_ target: ReplicaID, _ attempt: Int, _ now: Instant) -> [ReplicaAction] {
        guard watch?.target == target, watch?.attempt == attempt else { return [] }
        // Whatever ended the connection may have ended the lock as well.
        seenHeld = []
        watch?.attempt = nil
        watchAt = now.advanced(by: .milliseconds(50))
        return []
    }

    mutating func fenceAnswered(_ victim: ReplicaID, _ isCommitted: Bool, _ now: Instant) -> [ReplicaAction] {
        fencing.remove(victim)
        guard isAttached else { return [] }
        if isCommitted { return fenced(victim, now) }
        // Somebody else was first, or it lives after all. Look again, and believe nothing seen before.
        seenHeld.remove(victim)
        if watch?.target == victim, watch?.attempt == nil { watchAt = now.advanced(by: .milliseconds(10)) }
        return renew()
    }

    /// By this replica.
    private mutating func fenced(_ victim: ReplicaID, _ now: Instant) -> [ReplicaAction] {
        // The picture as it is now can wait until what the victim had is running.
        let soon = now.advanced(by: .milliseconds(100))
        renewAt = min(renewAt ?? soon, soon)
        return learnedOfFence(victim, now) + [.endBackends(victim)]
    }

    /// What the dead one had is to be claimed: once, also by the one that has fenced it, which hears of it as everybody does.
    mutating func learnedOfFence(_ victim: ReplicaID, _ now: Instant) -> [ReplicaAction] {
        // Each time: a heartbeat from before may have brought it back into the picture.
        forget(member: victim)
        let isNews = knownFences.insert(victim).inserted
        return (isNews ? claim() : []) + watchNext(now)
    }

    /// Takes a dead replica out of the picture, before the next heartbeat draws a new one.
    mutating func forget(member victim: ReplicaID) {
        expiries.removeAll { $0.id == victim }
        guard let membership, let dead = membership.member(victim) else { return }
        self.membership = Membership(
            members: membership.members.filter { $0.id != victim },
            orphans: membership.orphans + dead.holdings
        )
    }

    mutating func noteLeases(_ now: Instant) {
        expiries = (membership?.members ?? []).compactMap { member in
            member.id == id ? nil : (member.id, now.advanced(by: member.leaseRemaining + .milliseconds(1)))
        }
        scheduleJudgement()
    }

    /// Looks at the leases exactly when the first of them would expire; each heartbeat moves that moment on.
    ///
    /// After a restart of the database every lease may have expired though nobody died: a replica judges only when its own
    /// session has been up for as long as the others have to come back.
    private mutating func scheduleJudgement() {
        guard case .attached(let since) = session,
            let first = expiries.filter({ !fencing.contains($0.id) }).map(\.at).min()
        else {
            judgeLeasesAt = nil
            return
        }
        judgeLeasesAt = max(first, since.advanced(by: lease.ttl))
    }

    mutating func judgeLeases(_ now: Instant) -> [ReplicaAction] {
        judgeLeasesAt = nil
        guard let id, case .attached(let since) = session, now >= since.advanced(by: lease.ttl) else { return [] }
        var actions: [ReplicaAction] = []
        for suspect in expiries where suspect.at <= now && fencing.insert(suspect.id).inserted {
            // The database checks its clock once more; if the lease was renewed since, the answer is no.
            actions.append(.fence(suspect.id, by: id))
        }
        scheduleJudgement()
        return actions
    }
}
