// What is owned here: claimed, handed over, and made to agree with the database when an answer was lost.

extension ReplicaStateMachine {
    /// From a claim that has brought something to the next.
    static var restOfClaim: Duration { .milliseconds(50) }
    /// From a claim that another has followed at once to the one after.
    static var anotherLook: Duration { .milliseconds(10) }

    mutating func claim(handedOnly: Bool = false) -> [ReplicaAction] {
        guard let id, !isDraining, isAttached else { return [] }
        guard !isClaiming else {
            if handedOnly { claimHandedAgain = true } else { claimAgain = true }
            return []
        }
        isClaiming = true
        isClaimingHanded = handedOnly
        claimHandedAgain = false
        if !handedOnly {
            claimAgain = false
            claimAt = nil
        }
        return [.claim(id, handedOnly: handedOnly)]
    }

    mutating func heardReleased(for receiver: ReplicaID?) -> [ReplicaAction] {
        guard let receiver else { return claim() }
        if receiver == id { return claim(handedOnly: true) }
        // What was given to somebody who is leaving or gone is everybody's.
        return membership?.member(receiver)?.isDraining ?? true ? claim() : []
    }

    mutating func claimed(_ claims: [ShardClaim], _ missed: Int, _ now: Instant) -> [ReplicaAction] {
        isClaiming = false
        if !claims.isEmpty {
            version += 1
            for claim in claims { owned[claim.token.shard] = claim.token.epoch }
        }
        // Too late to run them: they are handed on at once.
        if isDraining { return continueDrain() }
        var actions: [ReplicaAction] = claims.isEmpty ? [] : [.bringUp(claims)]
        if claims.isEmpty || isClaimingHanded {
            if missed == 0 { missedClaims = 0 }
        } else {
            // Of a fair share there may be more: what is left are empty shards, and what now runs comes first.
            missedClaims = 0
            let rest = now.advanced(by: Self.restOfClaim)
            claimAt = min(claimAt ?? rest, rest)
        }
        if claimAgain {
            missedClaims = 0
            actions += claim()
            // Several have died at once: what each survivor saw of the others' claims differs, and a shard may be left over.
            claimAt = now.advanced(by: Self.anotherLook)
        } else if claimHandedAgain {
            actions += claim(handedOnly: true)
        } else if missed > 0 {
            // Locked by a statement that is about to end; look again soon, then less often.
            claimAt = now.advanced(by: .milliseconds(5) * (1 << min(missedClaims, 5)))
            missedClaims += 1
        }
        return actions + listIfNeeded()
    }

    mutating func claimUnknown() -> [ReplicaAction] {
        isClaiming = false
        needsListing = true
        return listIfNeeded() + continueDrain()
    }

    /// These are not run here any more, and by the database's word not owned either.
    mutating func handedOver(_ tokens: [FencingToken]) -> [ReplicaAction] {
        isHandingOver = false
        let gone = forget(tokens)
        // The host knows what it has settled; of shards without strategies it learns here.
        return (gone.isEmpty ? [] : [.abandon(gone)] + renew()) + listIfNeeded() + continueDrain()
    }

    /// These are not run here any more; the listing tells which of them are still owned, and must be brought up again.
    mutating func handOverUnknown(_ tokens: [FencingToken]) -> [ReplicaAction] {
        isHandingOver = false
        needsListing = true
        // In a drain they are released once more instead.
        if !isDraining { _ = forget(tokens) }
        return listIfNeeded() + continueDrain()
    }

    /// Returns those that were known here.
    mutating func forget(_ tokens: [FencingToken]) -> [FencingToken] {
        let gone = tokens.filter { owned[$0.shard] == $0.epoch && $0.owner == id }
        guard !gone.isEmpty else { return [] }
        version += 1
        for token in gone { owned[token.shard] = nil }
        return gone
    }

    mutating func listIfNeeded() -> [ReplicaAction] {
        needsListing && !isDraining ? listOwned() : []
    }

    /// Asks what is owned here, or remembers to ask once nothing that changes it is under way.
    mutating func listOwned() -> [ReplicaAction] {
        guard let id, isAttached, !isListing, !isClaiming, !isHandingOver, !isHandingOverEverything else {
            needsListing = id != nil
            return []
        }
        needsListing = false
        isListing = true
        return [.listOwned(id, stamp)]
    }

    /// Makes the two pictures agree: owned but not run here → run; run here but not owned → stop.
    mutating func listed(_ tokens: [FencingToken], _ stamp: ReplicaStamp) -> [ReplicaAction] {
        isListing = false
        guard stamp == self.stamp, !isClaiming, !isHandingOver else { return listOwned() }
        let actual = Dictionary(uniqueKeysWithValues: tokens.map { ($0.shard, $0.epoch) })
        let lost = self.tokens().filter { actual[$0.shard] != $0.epoch }
        let found = tokens.filter { owned[$0.shard] != $0.epoch }
        if !lost.isEmpty || !found.isEmpty {
            version += 1
            owned = actual
        }
        var actions: [ReplicaAction] = lost.isEmpty ? [] : [.abandon(lost)]
        if isDraining { return actions + continueDrain() }
        // The number of strategies is not known here; the host finds out when it loads them.
        if !found.isEmpty { actions.append(.bringUp(found.map { ShardClaim(token: $0, strategies: 1) })) }
        return actions
    }

    mutating func listingFailed(_ now: Instant) -> [ReplicaAction] {
        isListing = false
        // The next heartbeat asks again.
        needsListing = true
        if isDraining { drainAt = now.advanced(by: Self.drainRetry) }
        return []
    }
}
