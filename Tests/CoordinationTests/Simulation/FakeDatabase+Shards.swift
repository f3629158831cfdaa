@testable import Coordination

// Claiming, releasing, listing and writing, as the SQL has it.
extension FakeDatabase {
    struct Choice {
        let shard: Int
        let epoch: Int64
    }

    /// What a claim would take: the first half of the statement, on its snapshot.
    func choose(for id: ReplicaID) -> [Choice] {
        let ready = live.filter { !$0.isDraining }.sorted { $0.id < $1.id }
        guard ready.contains(where: { $0.id == id }) else { return [] }
        var chosen: [Choice] = []
        for isLoaded in [true, false] {
            var held: [ReplicaID: Int] = [:]
            var line: [(shard: Int, weight: Int)] = []
            for (number, shard) in shards.enumerated() where (shard.strategies > 0) == isLoaded {
                let weight = max(shard.strategies, 1)
                let isOrphan = !isLive(shard.owner)
                let receiver = shard.handedTo.flatMap { to in ready.contains { $0.id == to } ? to : nil }
                if let holder = isOrphan ? receiver : shard.owner {
                    held[holder, default: 0] += weight
                    if isOrphan, holder == id { chosen.append(Choice(shard: number, epoch: shard.epoch)) }
                } else {
                    line.append((number, weight))
                }
            }
            if isLoaded {
                let widest = ready.map { $0.capacity - (held[$0.id] ?? 0) }.max() ?? 0
                line.removeAll { $0.weight > widest }
            }
            guard !line.isEmpty else { continue }
            line.sort { ($1.weight, $0.shard) < ($0.weight, $1.shard) }
            chosen += fair(for: id, line, held, ready, isLoaded: isLoaded)
        }
        return chosen
    }

    private func fair(
        for id: ReplicaID,
        _ line: [(shard: Int, weight: Int)],
        _ held: [ReplicaID: Int],
        _ ready: [Replica],
        isLoaded: Bool
    ) -> [Choice] {
        var level = Double.infinity
        var (weights, capacities) = (Double(line.reduce(0) { $0 + $1.weight }), 0.0)
        func fill(_ replica: Replica) -> Double { Double(held[replica.id] ?? 0) / Double(replica.capacity) }
        for replica in ready.sorted(by: { (fill($0), $0.id) < (fill($1), $1.id) }) {
            weights += Double(held[replica.id] ?? 0)
            capacities += Double(replica.capacity)
            level = min(level, weights / capacities)
        }
        if isLoaded { level = min(level, 1) }
        var (low, high) = (0.0, 0.0)
        for replica in ready {
            low = high
            high += max(Double(replica.capacity) * level - Double(held[replica.id] ?? 0), 0)
            if replica.id == id { break }
        }
        let frees = ready.map { ($0.id, $0.capacity - (held[$0.id] ?? 0)) }
        let free = frees.first { $0.0 == id }?.1 ?? 0
        let narrowest = frees.map(\.1).min() ?? 0
        var end = 0
        let middles = line.map { entry in
            end += entry.weight
            return Double(end) - Double(entry.weight) / 2
        }
        let mine = zip(line, middles).filter { $0.1 >= low && $0.1 < high }.map(\.0)
        let open = zip(line, middles).filter { isLoaded && $0.0.weight > narrowest && !($0.1 >= low && $0.1 < high) }
            .map(\.0)
        var taken = 0
        return (mine + open).filter { !isLoaded || $0.weight <= free }.compactMap { shard, weight in
            taken += weight
            return !isLoaded || taken <= free ? Choice(shard: shard, epoch: shards[shard].epoch) : nil
        }
    }

    /// The same for a claim of nothing but what was released to it by name.
    func chooseHanded(for id: ReplicaID) -> [Choice] {
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
