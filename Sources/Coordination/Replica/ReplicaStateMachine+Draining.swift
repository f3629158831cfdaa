// Leaving: everything is handed over, then the row goes.

extension ReplicaStateMachine {
    static var drainRetry: Duration { .milliseconds(50) }

    mutating func drain() -> [ReplicaAction] {
        guard !isDraining else { return [] }
        isDraining = true
        claimAt = nil
        guard id == nil else { return continueDrain() }
        // While joining the answer is awaited: the row may be there already.
        if case .open = session { return [] }
        return finish()
    }

    /// Takes the next step, once what is under way has told what "everything" is, and while there is a session.
    mutating func continueDrain() -> [ReplicaAction] {
        guard isDraining, let id, isAttached, !isClaiming, !isHandingOver, !isListing, !isHandingOverEverything,
            !isLeaving
        else { return [] }
        if needsListing { return listOwned() }
        if owned.isEmpty { return leave() }
        isHandingOverEverything = true
        return [.handOverEverything(tokens(), by: id)]
    }

    mutating func handedOverEverything(_ tokens: [FencingToken], _ now: Instant) -> [ReplicaAction] {
        isHandingOverEverything = false
        let gone = forget(tokens)
        let actions: [ReplicaAction] = gone.isEmpty ? [] : [.abandon(gone)]
        guard owned.isEmpty else {
            // Something could not be settled yet.
            drainAt = now.advanced(by: Self.drainRetry)
            return actions
        }
        return actions + continueDrain()
    }

    mutating func handOverEverythingUnknown(_ now: Instant) -> [ReplicaAction] {
        isHandingOverEverything = false
        needsListing = true
        drainAt = now.advanced(by: Self.drainRetry)
        return []
    }

    mutating func leave() -> [ReplicaAction] {
        guard let id else { return [] }
        isLeaving = true
        return [.leave(id)]
    }

    mutating func leaveFailed(_ now: Instant) -> [ReplicaAction] {
        isLeaving = false
        needsListing = true
        drainAt = now.advanced(by: Self.drainRetry)
        return []
    }
}
