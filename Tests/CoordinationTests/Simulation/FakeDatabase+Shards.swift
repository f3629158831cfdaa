@testable import Coordination

// Claiming, releasing, listing and writing, as the SQL has it.
extension FakeDatabase {
    struct Choice {
        let shard: Int
        let epoch: Int64
    }

    /// What nobody has, and who could take it.
    func orphans() -> Orphans {
        let ready = live.filter { !$0.isDraining }
        var held: [ReplicaID: (strategies: Int, empty: Int)] = [:]
        var orphans = Orphans()
        for (number, shard) in shards.enumerated() {
            let receiver = ready.first { $0.id == shard.handedTo }?.id
            if let holder = isLive(shard.owner) ? shard.owner : receiver {
                held[holder, default: (0, 0)].strategies += shard.strategies
                held[holder, default: (0, 0)].empty += shard.strategies == 0 ? 1 : 0
            } else {
                orphans.shards.append(Orphans.Shard(id: number, epoch: shard.epoch, strategies: shard.strategies))
            }
        }
        orphans.takers = ready.map {
            let (strategies, empty) = held[$0.id] ?? (0, 0)
            return Orphans.Taker(id: $0.id, capacity: $0.capacity, strategies: strategies, emptyShards: empty)
        }
        return orphans
    }

    /// What a claim takes if nothing comes in between.
    func choose(_ orphans: [Orphans.Shard], for id: ReplicaID) -> [Choice] {
        guard live.contains(where: { $0.id == id && !$0.isDraining }) else { return [] }
        let mine = orphans.filter { shards[$0.id].epoch == $0.epoch && !isLive(shards[$0.id].owner) }
        let handed = chooseHanded(for: id)
        return handed
            + mine.filter { orphan in !handed.contains { $0.shard == orphan.id } }
            .map { Choice(shard: $0.id, epoch: $0.epoch) }
    }

    /// What was released to it by name.
    private func chooseHanded(for id: ReplicaID) -> [Choice] {
        guard live.contains(where: { $0.id == id && !$0.isDraining }) else { return [] }
        return shards.enumerated().compactMap { number, shard in
            shard.owner == nil && shard.handedTo == id ? Choice(shard: number, epoch: shard.epoch) : nil
        }
    }

    /// Those with strategies, and who has them or is about to.
    func loads() -> [PlacementPolicy.LoadedShard] {
        shards.enumerated().compactMap { number, shard in
            guard shard.strategies > 0, let holder = shard.owner ?? shard.handedTo else { return nil }
            return PlacementPolicy.LoadedShard(id: number, holder: holder, strategies: shard.strategies)
        }
    }

    /// The second half: locks the rows, looks at their epochs again, and takes them.
    func take(_ chosen: [Choice], for id: ReplicaID, by process: SimulatedProcess) -> (
        claims: [ShardClaim], missed: Int
    ) {
        let ignoresEpoch = world.profile.mutations.contains(.claimIgnoresEpoch)
        var claims: [ShardClaim] = []
        for choice in chosen {
            guard ignoresEpoch || shards[choice.shard].epoch == choice.epoch else { continue }
            // A row that somebody has locked at this moment is skipped.
            if world.isFaulty, world.oneIn(25) { continue }
            world.judge.claimed(choice.shard, by: id, process, from: shards[choice.shard])
            shards[choice.shard].owner = id
            shards[choice.shard].epoch += 1
            shards[choice.shard].handedTo = nil
            let token = FencingToken(shard: choice.shard, owner: id, epoch: shards[choice.shard].epoch)
            claims.append(ShardClaim(token: token, strategies: shards[choice.shard].strategies, revision: 0))
        }
        return (claims, chosen.count - claims.count)
    }

    func owned(by id: ReplicaID) -> [FencingToken] {
        shards.indices.compactMap { number in
            shards[number].owner == id
                ? FencingToken(shard: number, owner: id, epoch: shards[number].epoch) : nil
        }
    }

    func release(_ moves: [(token: FencingToken, receiver: ReplicaID?)]) {
        var receivers: Set<ReplicaID?> = []
        for (token, wanted) in moves where matches(token) && isCurrent(token.owner) {
            let receiver = live.contains { $0.id == wanted && !$0.isDraining } ? wanted : nil
            shards[token.shard].owner = nil
            shards[token.shard].handedTo = receiver
            receivers.insert(receiver)
        }
        for receiver in receivers.sorted(by: { $0 ?? 0 < $1 ?? 0 }) {
            world.notify { .heardReleased(for: receiver) }
        }
    }

    func releaseEmpty(_ count: Int, of owner: ReplicaID, to receiver: ReplicaID) -> [FencingToken] {
        let tokens = owned(by: owner).filter { shards[$0.shard].strategies == 0 }.suffix(count)
        release(tokens.map { ($0, receiver) })
        return Array(tokens)
    }

    /// A guarded write on a strategy's behalf.
    func write(_ token: FencingToken, by process: SimulatedProcess) -> Bool {
        let mutations = world.profile.mutations
        let isAllowed =
            mutations.contains(.writesNeedNoToken)
            || (mutations.contains(.writesIgnoreEpoch) ? shards[token.shard].owner == token.owner : matches(token))
                && (mutations.contains(.writesIgnoreTimeline) || isCurrent(token.owner))
        if isAllowed { world.judge.wrote(token, by: process) }
        return isAllowed
    }

    private func matches(_ token: FencingToken) -> Bool {
        shards[token.shard].owner == token.owner && shards[token.shard].epoch == token.epoch
    }
}
