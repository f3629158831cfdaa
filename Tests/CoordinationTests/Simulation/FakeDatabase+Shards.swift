@testable import Coordination

// Claiming, releasing, listing and writing, as the SQL has it.
extension FakeDatabase {
    struct Choice {
        let shard: Int
        let epoch: Int64
    }

    /// What a claim would take: the first half of the statement, on its snapshot.
    func choose(for id: ReplicaID) -> [Choice] {
        guard isCurrent(id) else { return [] }
        let ready = live.filter { !$0.isDraining }.sorted { $0.id < $1.id }
        guard let rank = ready.firstIndex(where: { $0.id == id }).map({ $0 + 1 }) else { return [] }
        let total = ready.reduce(0) { $0 + $1.capacity }
        let capacity = ready[rank - 1].capacity
        var chosen: [Choice] = []
        for isLoaded in [true, false] {
            var weights = 0
            var own = 0
            var orphans: [(shard: Int, weight: Int, isMine: Bool)] = []
            for (number, shard) in shards.enumerated() where (shard.strategies > 0) == isLoaded {
                let weight = max(shard.strategies, 1)
                weights += weight
                if shard.owner == id { own += weight }
                guard !isLive(shard.owner) else { continue }
                let receiver = shard.handedTo.flatMap { to in ready.contains { $0.id == to } ? to : nil }
                if receiver == nil || receiver == id { orphans.append((number, weight, receiver == id)) }
            }
            guard !orphans.isEmpty else { continue }
            let room = (weights * capacity + total - 1) / total - own
            orphans.sort { ($1.weight, $0.shard) < ($0.weight, $1.shard) }
            let preferred = orphans.indices.map { ($0 + 1) % ready.count == rank % ready.count }
            let order = orphans.indices.sorted { left, right in
                if orphans[left].isMine != orphans[right].isMine { return orphans[left].isMine }
                return preferred[left] != preferred[right] ? preferred[left] : left < right
            }
            var before = 0
            for index in order {
                if orphans[index].isMine || before < room {
                    chosen.append(Choice(shard: orphans[index].shard, epoch: shards[orphans[index].shard].epoch))
                }
                before += orphans[index].weight
            }
        }
        return chosen
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
            claims.append(ShardClaim(token: token, strategies: shards[choice.shard].strategies))
        }
        return (claims, chosen.count - claims.count)
    }

    func owned(by id: ReplicaID) -> [FencingToken] {
        shards.indices.compactMap { number in
            shards[number].owner == id
                ? FencingToken(shard: number, owner: id, epoch: shards[number].epoch) : nil
        }
    }

    func release(_ tokens: [FencingToken], to receiver: ReplicaID?) {
        var isReleased = false
        for token in tokens where matches(token) && isCurrent(token.owner) {
            shards[token.shard].owner = nil
            shards[token.shard].handedTo = receiver
            isReleased = true
        }
        if isReleased { world.notify { .heardReleased } }
    }

    func releaseEmpty(_ count: Int, of owner: ReplicaID, to receiver: ReplicaID) -> [FencingToken] {
        let tokens = owned(by: owner).filter { shards[$0.shard].strategies == 0 }.suffix(count)
        release(Array(tokens), to: receiver)
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
