import Logging
import Postgres

extension ReplicaService {
    func openSession(_ generation: Int, after pause: Duration, _ opened: OpenedSession) async {
        do {
            // Jittered, so that replicas do not come back in step.
            if pause > .zero { try await clock.sleep(for: pause * Double.random(in: 0.5...1)) }
            let connection = try await PostgresConnection.connect(sessionConfiguration, logger: logger)
            opened.put(ReplicaSession(generation: generation, connection: connection))
            continuation.yield(.sessionOpened(generation: generation))
            let error = await connection.waitUntilClosed()
            if let error { logger.warning("Session lost", metadata: ["error": "\(error)"]) }
        } catch {
            // Attempts come fast at first; one line for those is enough.
            let level: Logger.Level = pause == .zero || pause >= .seconds(1) ? .warning : .debug
            if !Task.isCancelled {
                logger.log(level: level, "Cannot open a session", metadata: ["error": "\(error)"])
            }
        }
        continuation.yield(.sessionLost(generation: generation))
    }

    func watch(
        _ target: ReplicaID,
        by id: ReplicaID,
        _ attempt: Int,
        seenHeld: Bool,
        _ watcher: Watcher
    ) async {
        do {
            let verdict = try await watcher.ask(for: target, by: id, seenHeld: seenHeld, watcherConfiguration, logger)
            continuation.yield(.watched(target, attempt: attempt, verdict))
            if verdict == .fenced { logFence(of: target, .sessionLost) }
        } catch {
            continuation.yield(.watchFailed(target, attempt: attempt))
        }
    }

    private func logFence(of victim: ReplicaID, _ reason: FenceReason) {
        logger.warning("Fenced replica \(victim) (\(reason.rawValue))", metadata: ["replica.id": "\(victim)"])
    }

    /// Performs an action that needs the session.
    func perform(_ action: ReplicaAction, on session: ReplicaSession?, _ failure: FailureBox) async {
        guard let session else { return answer(failed: action, settled: []) }
        /// What the host has stopped for a hand-over.
        var settled: [FencingToken] = []
        do {
            switch action {
            case .join, .reattach, .renew: try await stayAlive(action, ReplicaRepository(session: session.connection))
            case .handOver(let move, let membership, let id):
                try await handOver(move, in: membership, by: id, session, &settled)
            case .handOverEverything(let tokens, let id): try await handOverEverything(tokens, by: id, session)
            default: try await ask(action, session)
            }
        } catch let error as CoordinationError {
            failure.withLock { $0 = error }
            continuation.yield(.tick)
        } catch {
            logger.debug("A statement of the session failed", metadata: ["error": "\(error)"])
            let isUseless = session.connection.isUseless(after: error, action)
            // At once: a connection that does not answer takes its time to close.
            if isUseless { continuation.yield(.sessionLost(generation: session.generation)) }
            answer(failed: action, settled: settled)
            if isUseless { await session.connection.close() }
        }
    }

    private func stayAlive(_ action: ReplicaAction, _ replicas: ReplicaRepository) async throws {
        var sentAt = clock.now
        switch action {
        case .join(let generation):
            let id = try await replicas.join(identity, ttl: lease.ttl)
            continuation.yield(.joined(id, generation: generation, sentAt: sentAt))
            await ShardRepository(replicas.session).rehearse(by: id)
        case .reattach(let id, let generation):
            guard try await replicas.takeBack(id, timeout: lease.ttl) else {
                continuation.yield(.refused(id))
                return
            }
            sentAt = clock.now
            guard try await replicas.renew(id, ttl: lease.ttl) != nil else {
                continuation.yield(.refused(id))
                return
            }
            continuation.yield(.reattached(id, generation: generation, sentAt: sentAt))
            await ShardRepository(replicas.session).rehearse(by: id)
        case .renew(let id, let stamp, let unseen):
            guard let membership = try await replicas.renew(id, ttl: lease.ttl, unseen: unseen) else {
                continuation.yield(.refused(id))
                return
            }
            metrics.recordRoundTrip(sentAt.duration(to: clock.now))
            continuation.yield(.renewed(id, membership, sentAt: sentAt, stamp))
        default: preconditionFailure("\(action) does not renew the lease")
        }
    }

    private func ask(_ action: ReplicaAction, _ session: ReplicaSession) async throws {
        let replicas = ReplicaRepository(session: session.connection)
        let shards = ShardRepository(session.connection)
        switch action {
        case .fence(let victim, let id): try await fence(victim, by: id, replicas)
        case .endBackends(let victim): await endBackends(of: victim, replicas)
        case .claim(let id, let handedOnly):
            let sentAt = clock.now
            let (claims, missed) = try await shards.claim(id, handedOnly: handedOnly)
            if !claims.isEmpty { metrics.recordClaim(sentAt.duration(to: clock.now)) }
            continuation.yield(.claimed(claims, missed: missed, by: id))
        case .listOwned(let id, let stamp):
            continuation.yield(.owned(try await shards.owned(by: id), by: id, stamp))
        case .expect(let expected, let giver, let id):
            await host.expect(expected)
            try await shards.awaitFrom(giver, by: id)
        case .recordStranded(let strategies, let capacity, let id):
            try await replicas.recordStranded(strategies, capacity: capacity, by: id)
        case .leave(let id):
            continuation.yield(try await replicas.leave(id) ? .left(id) : .leaveFailed(id))
        default: preconditionFailure("\(action) needs no session")
        }
    }

    private func fence(_ victim: ReplicaID, by id: ReplicaID, _ replicas: ReplicaRepository) async throws {
        let isCommitted = try await replicas.fence(victim, by: id)
        continuation.yield(.fenceAnswered(victim, isCommitted: isCommitted))
        if isCommitted { logFence(of: victim, .leaseExpired) }
    }

    private func endBackends(of victim: ReplicaID, _ replicas: ReplicaRepository) async {
        do {
            // What the victim had is to be claimed and run first. (A claim waits for nobody's lock.)
            try await clock.sleep(for: Self.claimsFirst)
            try await replicas.endBackends(of: victim)
            if let duration = try await replicas.detection(of: victim) { metrics.recordDetection(duration) }
        } catch {
            // They end by themselves as well, later; the verdict stands.
            logger.warning(
                "The connections of fenced replica \(victim) could not be ended",
                metadata: ["replica.id": "\(victim)", "error": "\(error)"]
            )
        }
    }

    private static let claimsFirst = Duration.milliseconds(60)

    /// What a session action answers when it failed: its effect is unknown.
    private func answer(failed action: ReplicaAction, settled: [FencingToken]) {
        switch action {
        case .renew(let id, let stamp, _): continuation.yield(.renewalFailed(id, stamp))
        case .fence(let victim, _): continuation.yield(.fenceAnswered(victim, isCommitted: false))
        case .claim(let id, _): continuation.yield(.claimUnknown(by: id))
        case .listOwned(let id, _): continuation.yield(.listingFailed(by: id))
        case .handOver(_, _, let id): continuation.yield(.handOverUnknown(settled, by: id))
        case .handOverEverything(_, let id): continuation.yield(.handOverEverythingUnknown(by: id))
        case .leave(let id): continuation.yield(.leaveFailed(id))
        default: break
        }
    }
}

extension PostgresConnection {
    /// Whether a session is to be replaced after this: a new one starts from what the database says. To close one frees its
    /// lock, and that is as good as dying: so not for a statement that the server has merely refused.
    fileprivate func isUseless(after error: any Error, _ action: ReplicaAction) -> Bool {
        switch action {
        case .join, .reattach, .renew: true
        default: isClosed || (error as? PostgresError)?.code != .server
        }
    }
}
