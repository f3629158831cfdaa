@testable import Coordination

// What the shell asks of the database on its session, as the real one does, statement by statement.
extension SimulatedProcess {
    func ask(_ action: ReplicaAction) {
        // A child task may start late.
        let delay = Int64(world.below(300)) + (world.isFaulty && world.oneIn(200) ? Int64(world.below(100_000)) : 0)
        let session = session?.connection
        let sentAt = localNow
        world.schedule(after: delay) {
            guard !self.isDead else { return }
            guard let session else { return self.fail(action) }
            self.perform(action, on: session, sentAt)
        }
    }

    private func perform(_ action: ReplicaAction, on session: FakeConnection, _ sentAt: SimulatedInstant) {
        let database = world.database
        switch action {
        case .join(let generation): join(generation, session, sentAt)
        case .reattach(let id, let generation): reattach(id, generation, session)
        case .renew(let id, let stamp, let unseen):
            ask(session, action) {
                database.renew(id, unseen: unseen)
            } then: { membership in
                guard let membership else { return .refused(id) }
                return .renewed(id, membership, sentAt: self.trusted(sentAt), stamp)
            }
        case .fence(let victim, let id, let reason): fence(victim, by: id, reason, session, action)
        case .claim(let id): claim(id, session, action)
        case .listOwned(let id, let stamp):
            let isIgnored = world.profile.mutations.contains(.nothingIsListed)
            ask(session, action) {
                database.owned(by: id)
            } then: { tokens in
                .owned(isIgnored ? self.machine.tokens() : tokens, by: id, stamp)
            }
        case .handOver(let move, let id): handOver(move, id, session)
        case .handOverEverything(let tokens, let id): handOverEverything(tokens, id, session, action)
        case .leave(let id):
            ask(session, action) {
                database.leave(id)
            } then: {
                $0 ? .left(id) : .leaveFailed(id)
            }
        case .recordStranded:
            ask(session, action) {
            } then: {
                .tick
            }
        default: preconditionFailure("\(action) is no question")
        }
    }

    private func fail(_ action: ReplicaAction, settled: [FencingToken] = []) {
        switch action {
        case .renew(let id, let stamp, _): receive(.renewalFailed(id, stamp))
        case .fence(let victim, _, _): receive(.fenceAnswered(victim, isCommitted: false))
        case .claim(let id): receive(.claimUnknown(by: id))
        case .listOwned(let id, _): receive(.listingFailed(by: id))
        case .handOver(_, let id): receive(.handOverUnknown(settled, by: id))
        case .handOverEverything(_, let id): receive(.handOverEverythingUnknown(by: id))
        case .leave(let id): receive(.leaveFailed(id))
        default: break
        }
    }

    /// One statement, and the event that its answer becomes.
    private func ask<Value>(
        _ session: FakeConnection,
        _ action: ReplicaAction,
        _ statement: @escaping () -> Value,
        then event: @escaping (Value) -> Event
    ) {
        var value: Value?
        session.submit(
            FakeConnection.Statement(
                execute: { _ in
                    value = statement()
                    return true
                },
                answered: { answer in
                    guard case .rows = answer, let value else { return self.fail(action) }
                    self.receive(event(value))
                }
            )
        )
    }

    /// The moment from which the lease counts.
    private func trusted(_ sentAt: SimulatedInstant) -> SimulatedInstant {
        world.profile.mutations.contains(.trustBeginsWithTheAnswer) ? localNow : sentAt
    }

    private func join(_ generation: Int, _ session: FakeConnection, _ sentAt: SimulatedInstant) {
        let database = world.database
        var id: ReplicaID = 0
        session.submit(
            FakeConnection.Statement(
                execute: { connection in
                    id = database.nextID()
                    _ = database.lock(id, exclusively: true, connection) {}
                    return true
                },
                answered: { answer in
                    guard case .rows = answer else { return }
                    self.ask(session, .join(generation: generation)) {
                        database.insert(id, self)
                    } then: {
                        .joined(id, generation: generation, sentAt: self.trusted(sentAt))
                    }
                }
            )
        )
    }

    private func reattach(_ id: ReplicaID, _ generation: Int, _ session: FakeConnection) {
        let database = world.database
        var isCurrent = false
        session.submit(
            FakeConnection.Statement(
                execute: { connection in
                    isCurrent = database.isCurrent(id)
                    if isCurrent { database.endHolder(of: id, except: connection) }
                    return true
                },
                answered: { answer in
                    if case .rows = answer, !isCurrent { self.receive(.refused(id)) }
                }
            )
        )
        session.submit(
            FakeConnection.Statement(
                execute: { connection in
                    guard isCurrent else { return true }
                    var isGranted = false
                    var isWaiting = false
                    _ = database.lock(id, exclusively: true, connection) {
                        isGranted = true
                        if isWaiting { connection.finished() }
                    }
                    isWaiting = true
                    return isGranted
                },
                answered: { answer in
                    guard case .rows = answer, isCurrent else { return }
                    let sentAt = self.localNow
                    self.ask(session, .reattach(id, generation: generation)) {
                        database.renew(id, unseen: [])
                    } then: { membership in
                        guard membership != nil else { return .refused(id) }
                        return .reattached(id, generation: generation, sentAt: self.trusted(sentAt))
                    }
                }
            )
        )
    }

    private func fence(
        _ victim: ReplicaID,
        by id: ReplicaID,
        _ reason: FenceReason,
        _ session: FakeConnection,
        _ action: ReplicaAction
    ) {
        let database = world.database
        var connection = session
        if world.profile.mutations.contains(.fencesOutliveSessions),
            let other = database.connections(of: self, .watcher).first
        {
            connection = other
        }
        ask(connection, action) {
            database.fence(victim, by: id, reason)
        } then: { isCommitted in
            if isCommitted {
                self.ask(session, .closeSession) {
                    database.endBackends(of: victim)
                } then: {
                    .tick
                }
            }
            return .fenceAnswered(victim, isCommitted: isCommitted)
        }
    }

    /// In two halves: others may come in between.
    private func claim(_ id: ReplicaID, _ session: FakeConnection, _ action: ReplicaAction) {
        let database = world.database
        var result: (claims: [ShardClaim], missed: Int) = ([], 0)
        session.submit(
            FakeConnection.Statement(
                execute: { connection in
                    let chosen = database.choose(for: id)
                    guard !chosen.isEmpty else { return true }
                    self.world.schedule(after: self.world.latency()) {
                        guard connection.isOpenThere else { return }
                        result = database.take(chosen, for: id, by: self)
                        connection.finished()
                    }
                    return false
                },
                answered: { answer in
                    guard case .rows = answer else { return self.fail(action) }
                    self.receive(.claimed(result.claims, missed: result.missed, by: id))
                }
            )
        )
    }

    // MARK: Handing over

    /// Takes these off the host, except what does not settle; after a while they are.
    private func settle(_ tokens: [FencingToken], then settled: @escaping ([FencingToken]) -> Void) {
        let stubborn = world.isFaulty && world.oneIn(20) ? tokens.last : nil
        let chosen = tokens.filter { $0 != stubborn }
        for token in chosen where running[token.shard] == token { running[token.shard] = nil }
        world.schedule(after: Int64(world.below(20_000))) {
            guard !self.isDead else { return }
            settled(chosen)
        }
    }

    private func handOver(_ move: PlacementPolicy.HandOver, _ id: ReplicaID, _ session: FakeConnection) {
        let database = world.database
        var left = move.strategies
        var chosen: [FencingToken] = []
        for token in running.values.sorted(by: { $0.shard < $1.shard }) {
            let count = database.shards[token.shard].strategies
            if count > 0, count <= left {
                left -= count
                chosen.append(token)
            }
        }
        settle(chosen) { settled in
            let action = ReplicaAction.handOver(move, by: id)
            var gone = settled
            session.submit(
                FakeConnection.Statement(
                    execute: { _ in
                        database.release(settled, to: move.receiver)
                        gone += database.releaseEmpty(move.emptyShards, of: id, to: move.receiver)
                        return true
                    },
                    answered: { answer in
                        guard case .rows = answer else { return self.fail(action, settled: settled) }
                        self.receive(.handedOver(gone, by: id))
                    }
                )
            )
        }
    }

    private func handOverEverything(
        _ tokens: [FencingToken],
        _ id: ReplicaID,
        _ session: FakeConnection,
        _ action: ReplicaAction
    ) {
        let database = world.database
        session.submit(
            FakeConnection.Statement(
                execute: { _ in
                    database.markDraining(id)
                    return true
                },
                answered: { answer in
                    guard case .rows = answer else { return self.fail(action) }
                    self.settle(tokens) { settled in
                        self.ask(session, action) {
                            database.release(settled, to: nil)
                        } then: {
                            .handedOverEverything(settled, by: id)
                        }
                    }
                }
            )
        )
    }
}
