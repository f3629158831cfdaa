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
        case .fence(let victim, let id):
            ask(session, action) {
                database.fence(victim, by: id, .leaseExpired)
            } then: {
                .fenceAnswered(victim, isCommitted: $0)
            }
        case .endBackends(let victim):
            ask(session, action) {
                database.endBackends(of: victim)
            } then: {
                .tick
            }
        case .claim(let id, let handedOnly): claim(id, handedOnly: handedOnly, session, action)
        case .listOwned(let id, let stamp):
            let isIgnored = world.profile.mutations.contains(.nothingIsListed)
            ask(session, action) {
                database.owned(by: id)
            } then: { tokens in
                .owned(isIgnored ? self.machine.tokens() : tokens, by: id, stamp)
            }
        case .handOver(let move, let membership, let id): handOver(move, membership, id, session)
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
        case .fence(let victim, _): receive(.fenceAnswered(victim, isCommitted: false))
        case .claim(let id, _): receive(.claimUnknown(by: id))
        case .listOwned(let id, _): receive(.listingFailed(by: id))
        case .handOver(_, _, let id): receive(.handOverUnknown(settled, by: id))
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
                execute: { _ in
                    isCurrent = database.isCurrent(id)
                    if isCurrent { database.beginReplacing(sessionOf: id) }
                    return true
                },
                answered: { answer in
                    guard case .rows = answer else { return }
                    guard isCurrent else { return self.receive(.refused(id)) }
                    self.takeLock(of: id, generation, session)
                }
            )
        )
    }

    private func takeLock(of id: ReplicaID, _ generation: Int, _ session: FakeConnection) {
        let database = world.database
        session.submit(
            FakeConnection.Statement(
                execute: { connection in
                    database.endHolder(of: id, except: connection)
                    return true
                },
                answered: { _ in }
            )
        )
        session.submit(
            FakeConnection.Statement(
                execute: { connection in
                    var isGranted = false
                    var isWaiting = false
                    _ = database.lock(id, exclusively: true, connection) {
                        isGranted = true
                        if isWaiting { connection.finished() }
                    }
                    isWaiting = true
                    return isGranted
                },
                answered: { _ in }
            )
        )
        session.submit(
            FakeConnection.Statement(
                execute: { _ in
                    database.endReplacing(sessionOf: id)
                    return true
                },
                answered: { answer in
                    guard case .rows = answer else { return }
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

    /// First what there is is asked for, then what is chosen of it is taken, and that in two halves: others may come in between.
    private func claim(
        _ id: ReplicaID,
        handedOnly: Bool,
        _ session: FakeConnection,
        _ action: ReplicaAction
    ) {
        guard !handedOnly else { return take([], for: id, session, action) }
        let database = world.database
        var orphans = Orphans()
        session.submit(
            FakeConnection.Statement(
                execute: { _ in
                    orphans = database.orphans()
                    return true
                },
                answered: { answer in
                    guard case .rows = answer else { return self.fail(action) }
                    self.take(PlacementPolicy.claim(for: id, of: orphans), for: id, session, action)
                }
            )
        )
    }

    private func take(
        _ orphans: [Orphans.Shard],
        for id: ReplicaID,
        _ session: FakeConnection,
        _ action: ReplicaAction
    ) {
        let database = world.database
        var result: (claims: [ShardClaim], missed: Int) = ([], 0)
        session.submit(
            FakeConnection.Statement(
                execute: { connection in
                    let chosen = database.choose(orphans, for: id)
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
                    let taken = Set(result.claims.map(\.token.shard))
                    let missed = max(result.missed, orphans.count { !taken.contains($0.id) })
                    self.receive(.claimed(result.claims, missed: missed, by: id))
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

    private func handOver(
        _ move: PlacementPolicy.HandOver,
        _ membership: Membership,
        _ id: ReplicaID,
        _ session: FakeConnection
    ) {
        let database = world.database
        let action = ReplicaAction.handOver(move, in: membership, by: id)
        var moves: [PlacementPolicy.Move] = []
        session.submit(
            FakeConnection.Statement(
                execute: { _ in
                    if move.givesStrategies {
                        moves = PlacementPolicy.moves(from: id, of: database.loads(), in: membership)
                    }
                    return true
                },
                answered: { answer in
                    guard case .rows = answer else { return self.fail(action) }
                    self.carryOut(moves[...], id, session) { gone in
                        guard let receiver = move.emptyReceiver else {
                            return self.receive(.handedOver(gone, by: id))
                        }
                        var empty: [FencingToken] = []
                        self.ask(session, action) {
                            empty = database.releaseEmpty(move.emptyShards, of: id, to: receiver)
                        } then: {
                            .handedOver(gone + empty, by: id)
                        }
                    } failed: { gone in
                        self.fail(action, settled: gone)
                    }
                }
            )
        )
    }

    private func handOverEverything(
        _ tokens: [FencingToken],
        _ id: ReplicaID,
        _ session: FakeConnection,
        _ action: ReplicaAction
    ) {
        let database = world.database
        var moves: [PlacementPolicy.Move]?
        session.submit(
            FakeConnection.Statement(
                execute: { _ in
                    database.markDraining(id)
                    guard let membership = database.renew(id, unseen: []) else { return true }
                    let known = Set(tokens.map(\.shard))
                    moves = PlacementPolicy.shareOut(database.loads(), of: id, among: membership)
                        .filter { known.contains($0.shard) }
                    return true
                },
                answered: { answer in
                    guard case .rows = answer else { return self.fail(action) }
                    guard let moves else { return self.receive(.refused(id)) }
                    self.carryOut(moves[...], id, session) { gone in
                        let rest = tokens.filter { token in !moves.contains { $0.shard == token.shard } }
                        self.settle(rest) { settled in
                            self.ask(session, action) {
                                database.release(settled.map { ($0, nil) })
                            } then: {
                                .handedOverEverything(gone + settled, by: id)
                            }
                        }
                    } failed: { _ in
                        self.fail(action)
                    }
                }
            )
        )
    }

    /// A few at a time, each step settled and released before the next.
    private func carryOut(
        _ moves: ArraySlice<PlacementPolicy.Move>,
        _ id: ReplicaID,
        _ session: FakeConnection,
        gone: [FencingToken] = [],
        done: @escaping ([FencingToken]) -> Void,
        failed: @escaping ([FencingToken]) -> Void
    ) {
        guard !moves.isEmpty else { return done(gone) }
        let database = world.database
        let receivers = Dictionary(uniqueKeysWithValues: moves.prefix(3).map { ($0.shard, $0.receiver) })
        let step = database.owned(by: id).filter { receivers.keys.contains($0.shard) }
        settle(step) { settled in
            let gone = gone + settled
            session.submit(
                FakeConnection.Statement(
                    execute: { _ in
                        database.release(settled.map { ($0, receivers[$0.shard] ?? nil) })
                        return true
                    },
                    answered: { answer in
                        guard case .rows = answer else { return failed(gone) }
                        self.carryOut(moves.dropFirst(3), id, session, gone: gone, done: done, failed: failed)
                    }
                )
            )
        }
    }
}
