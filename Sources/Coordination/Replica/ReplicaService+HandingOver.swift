import Postgres

// Giving shards away so that each strategy stands still as shortly as can be: the receivers are told first, and get ready; then
// a few shards at a time are settled and released, the next when the last run elsewhere. So nothing queues behind anything,
// and what is not moving yet runs on.

extension ReplicaService {
    /// - Parameter gone: What the host has stopped, also where an error is thrown.
    func handOver(
        _ move: PlacementPolicy.HandOver,
        in membership: Membership,
        by id: ReplicaID,
        _ session: ReplicaSession,
        _ gone: inout [FencingToken]
    ) async throws {
        let shards = ShardRepository(session.connection)
        if move.givesStrategies {
            let host = host
            let loads = try await shards.loads()
            let exposed = await unlessCancelled([]) { await host.exposed() }
            let moves = PlacementPolicy.moves(from: id, of: loads.map(\.shard), in: membership, exposed: exposed)
            try await carryOut(moves, loads, by: id, shards, &gone)
        }
        if let receiver = move.emptyReceiver {
            gone += try await shards.releaseEmpty(move.emptyShards, of: id, to: receiver)
        }
        continuation.yield(.handedOver(gone, by: id))
    }

    /// Shards without strategies go last, all together.
    func handOverEverything(_ tokens: [FencingToken], by id: ReplicaID, _ session: ReplicaSession) async throws {
        let shards = ShardRepository(session.connection)
        let replicas = ReplicaRepository(session: session.connection)
        try await replicas.markDraining(id)
        guard let membership = try await replicas.renew(id, ttl: lease.ttl) else {
            continuation.yield(.refused(id))
            return
        }
        let host = host
        let known = Set(tokens)
        let loads = try await shards.loads().filter {
            known.contains(FencingToken(shard: $0.shard.id, owner: id, epoch: $0.epoch))
        }
        let exposed = await unlessCancelled([]) { await host.exposed() }
        let moves = PlacementPolicy.shareOut(loads.map(\.shard), of: id, among: membership, exposed: exposed)
        var gone: [FencingToken] = []
        try await carryOut(moves, loads, by: id, shards, &gone)
        let rest = tokens.filter { [moved = Set(moves.map(\.shard))] in !moved.contains($0.shard) }
        let settled = await unlessCancelled([]) { await host.settle(rest) }
        _ = try await shards.release(settled, to: nil)
        continuation.yield(.handedOverEverything(gone + settled, by: id))
    }

    private func carryOut(
        _ moves: [PlacementPolicy.Move],
        _ loads: [(shard: PlacementPolicy.LoadedShard, epoch: Int64)],
        by id: ReplicaID,
        _ shards: ShardRepository,
        _ gone: inout [FencingToken]
    ) async throws {
        guard !moves.isEmpty else { return }
        let known = Dictionary(uniqueKeysWithValues: loads.map { ($0.shard.id, $0) })
        let steps = steps(moves) { known[$0.shard]?.shard.strategies ?? 0 }
        let receivers = Dictionary(grouping: moves.filter { $0.receiver != nil }) { $0.receiver ?? 0 }
        pace.begin()
        if !receivers.isEmpty {
            try await shards.announce(receivers.mapValues { $0.map(\.shard) }, by: id)
            await pace.wait(atMost: handOverLimits.preparation) { $0.waiting.isSuperset(of: receivers.keys) }
        }
        let patience = min(handOverLimits.patience, handOverLimits.wholePatience / steps.count)
        let host = host
        for step in steps {
            let tokens = step.map { FencingToken(shard: $0.shard, owner: id, epoch: known[$0.shard]?.epoch ?? 0) }
            let settled = await unlessCancelled([]) { await host.settle(tokens) }
            gone += settled
            let ready = pace.ready
            // What this does not release was not owned any more, either.
            let released = try await shards.release(
                zip(tokens, step).compactMap { settled.contains($0) ? ($0, $1.receiver) : nil }
            )
            let due = released.count
            await pace.wait(atMost: patience) { $0.ready >= ready + due }
        }
    }

    private func steps(
        _ moves: [PlacementPolicy.Move],
        strategies: (PlacementPolicy.Move) -> Int
    ) -> [[PlacementPolicy.Move]] {
        var steps: [[PlacementPolicy.Move]] = []
        var load = 0
        for move in moves {
            load += strategies(move)
            if let last = steps.last, last.count < handOverLimits.shards,
                load <= handOverLimits.strategies
            {
                steps[steps.count - 1].append(move)
            } else {
                steps.append([move])
                load = strategies(move)
            }
        }
        return steps
    }
}

/// What `body` returns; `otherwise` as soon as the task is cancelled. The host may be waiting for a database that does not come
/// back, and a replica must be able to end before that.
private func unlessCancelled<Value: Sendable>(
    _ otherwise: Value,
    _ body: @escaping @Sendable () async -> Value
) async -> Value {
    let (answers, continuation) = AsyncStream<Value>.makeStream()
    // Unstructured, because a child would have to be waited for.
    Task {
        continuation.yield(await body())
        continuation.finish()
    }
    for await answer in answers { return answer }
    return otherwise
}
