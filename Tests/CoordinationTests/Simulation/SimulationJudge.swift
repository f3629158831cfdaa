@testable import Coordination

/// Watches what the database does, with a memory of its own, and says what must never have happened.
final class SimulationJudge {
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    unowned let world: Simulation
    private(set) var violation: Violation?
    struct Claim {
        var owner: ReplicaID?
        var epoch: Int64 = 0
        /// `nil` on a promoted standby, until somebody has claimed it there: then nobody may write.
        var process: SimulatedProcess?
    }

    /// Who has claimed each shard last, at which epoch.
    private(set) var claims: [Claim]
    /// Who has written last for each shard, at which epoch.
    private var writes: [Claim]
    private(set) var fences = 0
    private(set) var failovers = 0
    private(set) var moves = 0
    private(set) var writeCount = 0
    private(set) var lastMove: Int64 = 0

    init(world: Simulation, shards: Int) {
        self.world = world
        claims = Array(repeating: Claim(), count: shards)
        writes = claims
    }

    func report(_ what: @autoclosure () -> String) {
        guard violation == nil else { return }
        violation = Violation(description: what())
    }

    func epoch(of shard: Int) -> Int64 { claims[shard].epoch }

    /// I1, I2.
    func wrote(_ token: FencingToken, by process: SimulatedProcess) {
        writeCount += 1
        let last = writes[token.shard]
        if last.epoch == token.epoch, last.owner != token.owner {
            report("\(last.owner ?? 0) and \(token.owner) both wrote for shard \(token.shard) at epoch \(token.epoch)")
        }
        let claim = claims[token.shard]
        if claim.epoch != token.epoch || claim.owner != token.owner {
            report("\(token.owner) wrote for shard \(token.shard) after \(claim.owner ?? 0) had claimed it")
        }
        if claim.process !== process {
            report("\(token.owner) wrote for shard \(token.shard) under a claim that was not its own")
        }
        writes[token.shard] = Claim(owner: token.owner, epoch: token.epoch)
    }

    /// The claims of the old world give nobody the right to write in the new one, and its epochs come a second time.
    func failedOver(to claims: [Claim]) {
        self.claims = claims.map { Claim(owner: $0.owner, epoch: $0.epoch) }
        writes = Array(repeating: Claim(), count: claims.count)
        failovers += 1
    }

    func claimed(_ shard: Int, by id: ReplicaID, _ process: SimulatedProcess, from before: FakeDatabase.Shard) {
        if world.database.isLive(before.owner) {
            report("\(id) took shard \(shard) from \(before.owner ?? 0), which lives")
        }
        if before.epoch != claims[shard].epoch { report("the epoch of shard \(shard) changed without a claim") }
        claims[shard] = Claim(owner: id, epoch: before.epoch + 1, process: process)
        moves += 1
        lastMove = world.now
    }

    func fenced(_ victim: FakeDatabase.Replica, _ reason: FenceReason) {
        fences += 1
        if world.profile.nobodyMayBeFenced, world.isFaulty {
            report("\(victim.id) was fenced (\(reason.rawValue)), though nobody died")
        }
        if reason == .sessionLost, world.database.isHeld(victim.id) {
            report("\(victim.id) was fenced for its session, whose lock it holds")
        }
        let process = victim.process
        if reason == .leaseExpired, !process.isDead, process.machine.id == victim.id, process.isTrusted {
            report("\(victim.id) was fenced for its lease, which it trusts still")
        }
    }

    /// I4, once there are no more faults and some time has passed.
    func judgeEnd() {
        let database = world.database
        for (number, shard) in database.shards.enumerated() {
            guard let owner = database.live.first(where: { $0.id == shard.owner }) else {
                report("shard \(number) has no owner: \(shard)")
                continue
            }
            let process = owner.process
            guard !process.isDead, process.machine.id == owner.id else {
                report("shard \(number) belongs to \(owner.id), which is gone")
                continue
            }
            let token = FencingToken(shard: number, owner: owner.id, epoch: shard.epoch)
            if process.running[number] != token {
                report(
                    "\(owner.id) owns shard \(number) at \(shard.epoch), but runs \(process.running[number]?.epoch ?? 0)"
                )
            }
        }
        for process in world.processes where !process.isDead {
            guard let id = process.machine.id, database.isLive(id) else {
                report("a process is no member: \(process.machine.id ?? 0)")
                continue
            }
            let owned = Dictionary(uniqueKeysWithValues: database.owned(by: id).map { ($0.shard, $0.epoch) })
            if process.machine.owned != owned {
                report("\(id) believes to own \(process.machine.owned), owns \(owned)")
            }
            if Set(process.running.keys) != Set(owned.keys) {
                report("\(id) runs \(process.running.keys.sorted()), owns \(owned.keys.sorted())")
            }
            if process.isSuspended || !process.isTrusted { report("\(id) is suspended") }
            if process.machine.watch == nil, database.live.count > 1 { report("\(id) watches nobody") }
        }
        judgeBalance()
        if world.now - lastMove < Simulation.quiet { report("shards are still moving") }
    }

    private func judgeBalance() {
        let ready = world.database.live.filter { !$0.isDraining }
        guard !ready.isEmpty else { return }
        let total = world.database.shards.reduce(0) { $0 + $1.strategies }
        let capacity = ready.reduce(0) { $0 + $1.capacity }
        for replica in ready {
            let load = world.database.shards.reduce(0) { $0 + ($1.owner == replica.id ? $1.strategies : 0) }
            let share = Double(total * replica.capacity) / Double(capacity)
            if abs(Double(load) - share) > Double(world.largestShard) + 1 {
                report("\(replica.id) carries \(load) strategies, its share is \(share)")
            }
        }
    }
}
