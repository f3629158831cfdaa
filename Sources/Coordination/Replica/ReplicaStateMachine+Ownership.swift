// What is owned here: claimed, handed over, and made to agree with the database when an answer was lost.

extension ReplicaStateMachine {
    mutating func claim() -> [ReplicaAction] {
        guard let id, !isDraining, case .open = session else { return [] }
        guard !isClaiming else {
            claimAgain = true
            return []
        }
        isClaiming = true
        claimAgain = false
        return [.claim(id)]
    }

    mutating func claimed(_ claims: [ShardClaim], _ missed: Int, _ now: Instant) -> [ReplicaAction] {
        isClaiming = false
        let claims = claims.filter { $0.token.owner == id }
        if !claims.isEmpty {
            version += 1
            for claim in claims { owned[claim.token.shard] = claim.token.epoch }
        }
        // Too late to run them: they are handed on at once.
        if isDraining { return drainOnceQuiet() }
        var actions: [ReplicaAction] = claims.isEmpty ? [] : [.bringUp(claims)]
        if !claims.isEmpty || claimAgain {
            missedClaims = 0
            actions += claim()
        } else if missed > 0 {
            // Locked by a statement that is about to end; look again soon, then less often.
            claimAt = now.advanced(by: .milliseconds(5) * (1 << min(missedClaims, 5)))
            missedClaims += 1
        } else {
            missedClaims = 0
        }
        return actions + list(ifNeeded: needsListing)
    }

    mutating func forget(_ tokens: [FencingToken]) -> [ReplicaAction] {
        let gone = tokens.filter { owned[$0.shard] == $0.epoch && $0.owner == id }
        guard !gone.isEmpty else { return [] }
        version += 1
        for token in gone { owned[token.shard] = nil }
        return []
    }

    mutating func list(ifNeeded: Bool) -> [ReplicaAction] {
        ifNeeded ? listOwned() : []
    }

    mutating func listOwned() -> [ReplicaAction] {
        guard let id, !isDraining, case .open = session, !isListing, !isClaiming, !isHandingOver else {
            needsListing = id != nil && !isDraining
            return []
        }
        needsListing = false
        isListing = true
        return [.listOwned(id, version: version)]
    }

    /// Makes the two pictures agree: owned but not run here → run; run here but not owned → stop.
    mutating func listed(_ tokens: [FencingToken], _ version: Int) -> [ReplicaAction] {
        isListing = false
        guard version == self.version, !isClaiming, !isHandingOver else { return listOwned() }
        let actual = Dictionary(uniqueKeysWithValues: tokens.filter { $0.owner == id }.map { ($0.shard, $0.epoch) })
        let lost = self.tokens().filter { actual[$0.shard] != $0.epoch }
        let found = tokens.filter { $0.owner == id && owned[$0.shard] != $0.epoch }
        guard !lost.isEmpty || !found.isEmpty else { return [] }
        self.version += 1
        owned = actual
        var actions: [ReplicaAction] = []
        if !lost.isEmpty { actions.append(.abandon(lost)) }
        // The number of strategies is not known here; the host finds out when it loads them.
        if !found.isEmpty { actions.append(.bringUp(found.map { ShardClaim(token: $0, strategies: 1) })) }
        return actions
    }
}
