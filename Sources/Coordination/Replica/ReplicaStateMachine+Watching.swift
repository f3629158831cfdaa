// Finding the dead: the ring of session locks, and the leases as the net under it.

extension ReplicaStateMachine {
    /// Watches whoever is next in the ring now.
    mutating func watchNext(_ now: Instant) -> [ReplicaAction] {
        guard let id, let target = membership?.watched(by: id) else {
            watch = nil
            watchAt = nil
            return []
        }
        guard watch?.target != target else { return [] }
        watch = Watch(target: target)
        watchAt = nil
        return [.watch(target, quick: true)]
    }

    mutating func askAgain() -> [ReplicaAction] {
        guard var watch, !watch.isAsking, !fencing.contains(watch.target) else { return [] }
        watch.isAsking = true
        self.watch = watch
        return [.watch(watch.target, quick: !watch.hasSeenHeld)]
    }

    mutating func watched(_ target: ReplicaID, _ isFree: Bool, _ now: Instant) -> [ReplicaAction] {
        guard var watch, watch.target == target else { return [] }
        watch.isAsking = false
        defer { self.watch = watch }
        guard isFree else {
            watch.hasSeenHeld = true
            watch.isAsking = true
            return [.watch(target, quick: false)]
        }
        guard watch.hasSeenHeld else {
            // Free, but never seen held: it may be coming back (the database has restarted), or it died before anybody
            // looked. Its lease will tell.
            watchAt = now.advanced(by: .milliseconds(100))
            return []
        }
        guard fencing.insert(target).inserted else { return [] }
        return [.fence(target, .sessionLost)]
    }

    mutating func fenceAnswered(_ victim: ReplicaID, _ isCommitted: Bool, _ now: Instant) -> [ReplicaAction] {
        fencing.remove(victim)
        if isCommitted {
            return forget(member: victim) + claim() + watchNext(now)
        }
        // Somebody else was first, or it lives after all. Look again, and believe nothing seen before.
        if watch?.target == victim {
            watch = Watch(target: victim, isAsking: false)
            watchAt = now.advanced(by: .milliseconds(10))
        }
        renewAt = now
        return []
    }

    /// Takes a dead replica out of the picture, before the next heartbeat draws a new one.
    mutating func forget(member victim: ReplicaID) -> [ReplicaAction] {
        guard let membership, let dead = membership.member(victim) else { return [] }
        self.membership = Membership(
            members: membership.members.filter { $0.id != victim },
            orphans: membership.orphans + dead.holdings
        )
        return []
    }

    /// Looks at the leases exactly when the first of them would expire; each heartbeat moves that moment on.
    mutating func scheduleJudgement(_ now: Instant) {
        guard let membership, case .open(let since) = session else {
            judgeLeasesAt = nil
            return
        }
        let me = id
        let earliest = membership.members.filter { $0.id != me }.map(\.leaseRemaining).min()
        // After a restart of the database every lease may have expired though nobody died: a replica judges only when its
        // own session has been up for as long as the others have to come back.
        judgeLeasesAt = earliest.map { max(now.advanced(by: $0 + .milliseconds(1)), since.advanced(by: lease.ttl)) }
    }

    mutating func judgeLeases(_ now: Instant) -> [ReplicaAction] {
        judgeLeasesAt = nil
        guard let membership, let id, case .open(let since) = session, now >= since.advanced(by: lease.ttl) else {
            return []
        }
        let others = membership.members.filter { $0.id != id }
        guard let suspect = others.min(by: { $0.leaseRemaining < $1.leaseRemaining }),
            fencing.insert(suspect.id).inserted
        else { return [] }
        // The database checks its clock once more; if the lease was renewed since, the answer is no.
        return [.fence(suspect.id, .leaseExpired)]
    }
}
