@testable import Coordination

/// PostgreSQL as far as ownership uses it: rows that are changed by atomic statements under the conditions of the SQL, and
/// session locks that are free the moment their backend ends.
final class FakeDatabase {
    struct Replica {
        let id: ReplicaID
        let process: SimulatedProcess
        let capacity: Int
        var leaseExpires: Int64
        /// When the session that holds the lock was there at the latest; never, while it is being replaced.
        var sessionSince: Int64
        var isDraining = false
    }

    struct Shard {
        var owner: ReplicaID?
        var epoch: Int64 = 0
        var strategies: Int
        var handedTo: ReplicaID?
    }

    private struct LockWaiter {
        let connection: FakeConnection
        let replica: ReplicaID
        let isExclusive: Bool
        let number: Int
        let granted: () -> Void
    }

    unowned let world: Simulation
    private(set) var isUp = true
    private(set) var timeline: Int64 = 1
    /// Those that are not fenced; whoever is not here is fenced or gone.
    var live: [Replica] = []
    var shards: [Shard]
    /// When each was fenced, and which process it was.
    var fenced: [ReplicaID: (at: Int64, process: SimulatedProcess)] = [:]
    private var lastID: ReplicaID = 0
    private var connections: [FakeConnection] = []
    /// By number: replicas of two timelines may share one.
    private var locks: [ReplicaID: FakeConnection] = [:]
    private var lockWaiters: [LockWaiter] = []
    private var lastWaiter = 0
    /// Whose session is being ended by its own next one.
    private var beingReplaced: ReplicaID?

    init(world: Simulation, shards: [Int]) {
        self.world = world
        self.shards = shards.map { Shard(strategies: $0) }
    }

    // MARK: Connections

    /// `nil` while it is down.
    func connect(
        _ kind: FakeConnection.Kind,
        _ process: SimulatedProcess,
        onLoss: @escaping () -> Void
    ) -> FakeConnection? {
        guard isUp else { return nil }
        let connection = FakeConnection(kind, of: process, in: world, onLoss: onLoss)
        connections.append(connection)
        return connection
    }

    func connections(of process: SimulatedProcess, _ kind: FakeConnection.Kind) -> [FakeConnection] {
        connections.filter { $0.process === process && $0.kind == kind }
    }

    func ended(_ connection: FakeConnection) {
        connections.removeAll { $0 === connection }
        lockWaiters.removeAll { $0.connection === connection }
        // In a certain order, lest a seed gives one run today and another tomorrow.
        for id in locks.filter({ $0.value === connection }).keys.sorted() {
            locks[id] = nil
            grant(id)
        }
    }

    /// One connection after the other is told to end, the youngest first, and nobody is let in. Whoever waits for a lock may
    /// be granted it meanwhile.
    func shutDown() {
        isUp = false
        var moment: Int64 = 0
        for connection in connections.reversed() {
            moment += Int64(world.oneIn(4) ? world.below(3_000) : 0)
            world.schedule(after: moment) { connection.endThere() }
        }
    }

    func startUp() {
        for connection in connections { connection.endThere() }
        isUp = true
    }

    /// What has reached a standby: its rows, and how far its sequence is.
    struct Copy {
        fileprivate let live: [Replica]
        fileprivate let shards: [Shard]
        fileprivate let fenced: [ReplicaID: (at: Int64, process: SimulatedProcess)]
        fileprivate let lastID: ReplicaID
        let claims: [SimulationJudge.Claim]
    }

    func copy() -> Copy {
        Copy(live: live, shards: shards, fenced: fenced, lastID: lastID, claims: world.judge.claims)
    }

    /// The standby takes over, without what was committed since.
    func promote(_ copy: Copy) {
        (live, shards, fenced, lastID) = (copy.live, copy.shards, copy.fenced, copy.lastID)
        timeline += 1
        world.judge.failedOver(to: copy.claims)
        startUp()
    }

    // MARK: Timelines

    private static let idsOfTimeline: ReplicaID = 10_000_000_000

    /// Whether it joined under the timeline of now.
    func isCurrent(_ id: ReplicaID) -> Bool {
        world.profile.mutations.contains(.idsWithoutTimeline) || id / Self.idsOfTimeline + 1 == timeline
    }

    private func lockNumber(_ id: ReplicaID) -> ReplicaID { id % Self.idsOfTimeline }

    // MARK: Session locks

    func isHeld(_ id: ReplicaID) -> Bool { locks[lockNumber(id)] != nil }

    /// Waits for the lock; `granted` is called when it is there (for a shared one: had for a moment).
    ///
    /// - Returns: A number to give up with.
    func lock(
        _ id: ReplicaID,
        exclusively isExclusive: Bool,
        _ connection: FakeConnection,
        granted: @escaping () -> Void
    ) -> Int {
        let id = lockNumber(id)
        lastWaiter += 1
        lockWaiters.append(
            LockWaiter(
                connection: connection,
                replica: id,
                isExclusive: isExclusive,
                number: lastWaiter,
                granted: granted
            )
        )
        let number = lastWaiter
        grant(id)
        return number
    }

    /// False if it was granted before.
    func giveUpWaiting(_ number: Int) -> Bool {
        guard let index = lockWaiters.firstIndex(where: { $0.number == number }) else { return false }
        lockWaiters.remove(at: index)
        return true
    }

    private func grant(_ id: ReplicaID) {
        while locks[id] == nil, let index = lockWaiters.firstIndex(where: { $0.replica == id }) {
            let waiter = lockWaiters.remove(at: index)
            if waiter.isExclusive { locks[id] = waiter.connection }
            waiter.granted()
        }
    }

    /// A session is about to take the place of the one before.
    func beginReplacing(sessionOf id: ReplicaID) {
        guard !world.profile.mutations.contains(.sessionsAreReplacedSilently) else { return }
        guard let index = live.firstIndex(where: { $0.id == id }) else { return }
        live[index].sessionSince = world.profile.mutations.contains(.sessionsAreYoungTooEarly) ? world.now : .max
    }

    /// It has.
    func endReplacing(sessionOf id: ReplicaID) {
        if let index = live.firstIndex(where: { $0.id == id }) { live[index].sessionSince = world.now }
    }

    /// It ends that.
    func endHolder(of id: ReplicaID, except connection: FakeConnection) {
        guard let holder = locks[lockNumber(id)], holder !== connection else { return }
        beingReplaced = id
        holder.endThere()
        beingReplaced = nil
    }

    /// Whether a connection is younger than the session of a replica; `nil` if that is not listed.
    func isYounger(_ connection: FakeConnection, thanSessionOf id: ReplicaID) -> Bool? {
        guard let replica = live.first(where: { $0.id == id }) else { return nil }
        return connection.openedAt > replica.sessionSince || world.profile.mutations.contains(.watchersOfAnyAge)
    }

    // MARK: Replicas

    func nextID() -> ReplicaID {
        lastID += 1
        return world.profile.mutations.contains(.idsWithoutTimeline)
            ? lastID : (timeline - 1) * Self.idsOfTimeline + lastID
    }

    func isLive(_ id: ReplicaID?) -> Bool {
        guard let id else { return false }
        return live.contains { $0.id == id }
    }

    func insert(_ id: ReplicaID, _ process: SimulatedProcess) {
        live.append(
            Replica(
                id: id,
                process: process,
                capacity: process.capacity,
                leaseExpires: world.now + Simulation.ttl,
                sessionSince: world.now
            )
        )
    }

    func renew(_ id: ReplicaID, unseen: [ReplicaID]) -> Membership? {
        guard isCurrent(id), let index = live.firstIndex(where: { $0.id == id }) else { return nil }
        live[index].leaseExpires = world.now + Simulation.ttl
        var holdings = [Membership.Holdings](repeating: Membership.Holdings(), count: live.count)
        var orphans = Membership.Holdings()
        for (number, shard) in shards.enumerated() {
            let epochs = Int64(number + 1) * shard.epoch
            if let owner = live.firstIndex(where: { $0.id == shard.owner }) {
                add(shard, epochs, &holdings[owner])
            } else {
                add(shard, epochs, &orphans)
            }
        }
        let allSeen = world.profile.mutations.contains(.nothingNeedsToBeObserved)
        var members: [Membership.Member] = []
        for (index, replica) in live.enumerated() {
            members.append(
                Membership.Member(
                    id: replica.id,
                    name: "",
                    capacity: replica.capacity,
                    isDraining: replica.isDraining,
                    leaseRemaining: .microseconds(replica.leaseExpires - world.now),
                    isSeenHeld: allSeen || (unseen.contains(replica.id) && isHeld(replica.id)),
                    holdings: holdings[index],
                    incoming: incoming(of: replica.id)
                )
            )
        }
        return Membership(members: members, orphans: orphans)
    }

    private func incoming(of id: ReplicaID) -> Membership.Incoming {
        shards.reduce(into: Membership.Incoming()) { sum, shard in
            guard shard.owner == nil, shard.handedTo == id else { return }
            sum.strategies += shard.strategies
            if shard.strategies == 0 { sum.emptyShards += 1 }
        }
    }

    private func add(_ shard: Shard, _ epochs: Int64, _ holdings: inout Membership.Holdings) {
        holdings.strategies += shard.strategies
        if shard.strategies > 0 {
            holdings.loadedShards += 1
            let smallest = holdings.smallestShard
            holdings.largestShard = max(holdings.largestShard, shard.strategies)
            holdings.smallestShard = smallest == 0 ? shard.strategies : min(smallest, shard.strategies)
        } else {
            holdings.emptyShards += 1
        }
        holdings.epochs += epochs
    }

    func fence(_ victim: ReplicaID, by fencer: ReplicaID, _ reason: FenceReason) -> Bool {
        let mutations = world.profile.mutations
        guard isCurrent(fencer) else { return false }
        if reason == .sessionLost, !isCurrent(victim) || isHeld(victim) { return false }
        guard let index = live.firstIndex(where: { $0.id == victim }), isLive(fencer) else { return false }
        let row = live[index]
        if reason == .sessionLost, !live.contains(where: { $0.id == fencer && $0.leaseExpires > world.now }) {
            return false
        }
        if reason == .leaseExpired, row.leaseExpires >= world.now, !mutations.contains(.fenceIgnoresLease) {
            return false
        }
        if beingReplaced == victim {
            world.judge.report("\(victim) was fenced by \(fencer), though its session was only being replaced")
        }
        live.remove(at: index)
        fenced[victim] = (world.now, row.process)
        world.judge.fenced(row, reason)
        world.notify { .heardFenced(victim) }
        return true
    }

    func endBackends(of victim: ReplicaID) {
        guard isCurrent(victim), let (fencedAt, process) = fenced[victim] else { return }
        for connection in connections where connection.process === process && connection.openedAt < fencedAt {
            connection.endThere()
        }
    }

    func markDraining(_ id: ReplicaID) {
        if let index = live.firstIndex(where: { $0.id == id }) { live[index].isDraining = true }
    }

    func leave(_ id: ReplicaID) -> Bool {
        let isOwner = shards.contains { $0.owner == id }
        if !isOwner { live.removeAll { $0.id == id } }
        return !isOwner
    }
}
