import Logging
import Postgres

extension ReplicaService {
    /// Below `deadlock_timeout` (1 s by default), so that the wait never triggers a deadlock check; short, because a waiting
    /// statement holds a snapshot.
    private static let watchWait = Duration.milliseconds(900)

    func openSession(_ generation: Int, after pause: Duration, _ opened: OpenedSession, _ failure: FailureBox) async {
        do {
            // Jittered, so that replicas do not come back in step.
            if pause > .zero { try await clock.sleep(for: pause * Double.random(in: 0.5...1)) }
            let connection = try await PostgresConnection.connect(sessionConfiguration, logger: logger)
            opened.put(generation, connection)
            continuation.yield(.sessionOpened(generation: generation))
            let error = await connection.waitUntilClosed()
            if let error { logger.warning("Session lost", metadata: ["error": "\(error)"]) }
        } catch {
            if !Task.isCancelled { logger.warning("Cannot open a session", metadata: ["error": "\(error)"]) }
        }
        continuation.yield(.sessionLost(generation: generation))
    }

    func watch(_ target: ReplicaID, _ quick: Bool, on watcher: WatcherConnection) async {
        do {
            let connection = try await watcher.get(watcherConfiguration, logger)
            let isFree = try await ReplicaRepository.watch(
                target,
                wait: quick ? .milliseconds(1) : Self.watchWait,
                on: connection
            )
            continuation.yield(.watched(target, isFree: isFree))
        } catch {
            continuation.yield(.watchFailed(target))
        }
    }

    /// Performs an action that needs the session.
    func perform(_ action: ReplicaAction, on session: PostgresConnection?, _ failure: FailureBox) async {
        let sentAt = clock.now
        guard let session else { return continuation.yieldAll(answers(toFailed: action)) }
        let replicas = ReplicaRepository(session: session)
        let shards = ShardRepository(session)
        do {
            switch action {
            case .join:
                let id = try await replicas.join(identity, ttl: lease.ttl)
                continuation.yield(.joined(id, sentAt: sentAt))
            case .reattach(let id):
                try await replicas.lock(id)
                let renewedAt = clock.now
                guard try await replicas.renew(id, ttl: lease.ttl) != nil else {
                    continuation.yield(.refused(id))
                    return
                }
                continuation.yield(.reattached(id, sentAt: renewedAt))
            case .renew(let id, let version):
                guard let membership = try await replicas.renew(id, ttl: lease.ttl) else {
                    continuation.yield(.refused(id))
                    return
                }
                continuation.yield(.renewed(id, membership, sentAt: sentAt, version: version))
            case .fence(let victim, let reason):
                try await fence(victim, reason, replicas)
            case .claim(let id):
                let (claims, missed) = try await shards.claim(id)
                continuation.yield(.claimed(claims, missed: missed))
            case .listOwned(let id, let version):
                continuation.yield(.owned(try await shards.owned(by: id), version: version))
            case .handOver(let move):
                try await handOver(move, shards)
            case .handOverEverything(let tokens):
                try await handOverEverything(tokens, replicas, shards)
            case .leave(let id):
                try await replicas.leave(id)
                continuation.yield(.left)
            default: preconditionFailure("\(action) needs no session")
            }
        } catch let error as CoordinationError {
            failure.withLock { $0 = error }
            continuation.yield(.tick)
        } catch {
            logger.debug("A statement of the session failed", metadata: ["error": "\(error)"])
            // A session that refuses a statement is of no use: a new one starts from what the database says.
            await session.close()
            continuation.yieldAll(answers(toFailed: action))
        }
    }

    private func fence(_ victim: ReplicaID, _ reason: FenceReason, _ replicas: ReplicaRepository) async throws {
        guard let id = status.id else {
            continuation.yield(.fenceAnswered(victim, isCommitted: false))
            return
        }
        let isCommitted = try await replicas.fence(victim, by: id, reason)
        continuation.yield(.fenceAnswered(victim, isCommitted: isCommitted))
        if isCommitted {
            logger.warning("Fenced replica \(victim) (\(reason.rawValue))", metadata: ["replica.id": "\(victim)"])
            try await replicas.endBackends(of: victim)
        }
    }

    private func handOver(_ move: PlacementPolicy.HandOver, _ shards: ShardRepository) async throws {
        var released: [FencingToken] = []
        if move.strategies > 0 {
            let settled = await host.settle(await host.choose(strategies: move.strategies))
            do {
                released += try await shards.release(settled, to: move.receiver)
            } catch {
                // Perhaps released, perhaps not: run them on until the database says that they are gone.
                runOn(settled)
                throw error
            }
            runOn(settled.filter { !released.contains($0) })
        }
        if move.emptyShards > 0, let id = status.id {
            released += try await shards.releaseEmpty(move.emptyShards, of: id, to: move.receiver)
        }
        continuation.yield(.handedOver(released))
    }

    private func runOn(_ tokens: [FencingToken]) {
        guard !tokens.isEmpty else { return }
        host.bringUp(tokens.map { ShardClaim(token: $0, strategies: 1) })
    }

    /// A drain goes in steps, so that the first strategies run again elsewhere before the last are settled here.
    private func handOverEverything(
        _ tokens: [FencingToken],
        _ replicas: ReplicaRepository,
        _ shards: ShardRepository
    ) async throws {
        if let id = tokens.first?.owner { try await replicas.markDraining(id) }
        for start in stride(from: 0, to: tokens.count, by: Self.drainStep) {
            let step = Array(tokens[start..<min(start + Self.drainStep, tokens.count)])
            let settled = await host.settle(step)
            _ = try await shards.release(settled, to: nil)
        }
        continuation.yield(.handedOverEverything)
    }

    private static let drainStep = 128

    /// What a session action answers when it failed: its effect is unknown.
    private func answers(toFailed action: ReplicaAction) -> [Event] {
        switch action {
        case .renew(let id, _): [.renewalFailed(id)]
        case .fence(let victim, _): [.fenceAnswered(victim, isCommitted: false)]
        case .claim: [.claimUnknown]
        case .listOwned: [.listingFailed]
        case .handOver: [.handOverUnknown]
        // Leaving is best effort: what is left behind is taken over like a crashed replica's.
        case .handOverEverything: [.handedOverEverything]
        case .leave: [.left]
        default: []
        }
    }
}

extension AsyncStream.Continuation {
    fileprivate func yieldAll(_ elements: [Element]) where Element: Sendable {
        for element in elements { yield(element) }
    }
}
