import TestSupport

@testable import Coordination

/// A cluster in a box: real state machines, a fake database, one clock that is moved from event to event, and faults drawn
/// from a seed. The same seed gives the same run.
final class Simulation {
    static let ttl: Int64 = 3_000_000
    /// After this long without an acknowledgement, the kernel gives a connection up.
    static let userTimeout: Int64 = 3_000_000
    /// How long after the last fault everything must be well, and for how long before that nothing may have moved.
    static let recovery: Int64 = 30_000_000
    static let quiet: Int64 = 5_000_000

    let profile: SimulationProfile
    private(set) var now: Int64 = 10_000_000
    private(set) var steps = 0
    /// Statements that sessions and watchers have sent.
    var statements = 0
    private(set) var isFaulty = false
    private var random: SeededGenerator
    private var queue = EventQueue()
    private var isDatabaseFailing = false
    private(set) var processes: [SimulatedProcess] = []
    private let shards: [Int]
    var largestShard: Int { shards.max() ?? 0 }
    private(set) lazy var database = FakeDatabase(world: self, shards: shards)
    private(set) lazy var judge = SimulationJudge(world: self, shards: shards.count)
    private let replicas: Int

    init(seed: UInt64, profile: SimulationProfile) {
        self.profile = profile
        random = SeededGenerator(seed: seed)
        replicas = 3 + Int(random.next() % 5)
        // Most shards hold one strategy, some a few, some none.
        var shards: [Int] = []
        let sizes = profile.shardSizes
        for _ in 0..<24 { shards.append(sizes[Int(random.next() % UInt64(sizes.count))]) }
        self.shards = shards
    }

    /// Runs `steps` steps with faults, then heals everything and waits.
    ///
    /// - Throws: `SimulationJudge.Violation`.
    func run(steps limit: Int) throws {
        // What is still to happen holds on to this.
        defer { queue = EventQueue() }
        for _ in 0..<replicas { addProcess() }
        // Everybody joins; then the faults begin.
        try run(until: now + 8_000_000)
        isFaulty = true
        scheduleFault()
        let atStart = database.shards.map(\.epoch)
        while steps < limit { try step() }
        if profile.nobodyMayBeFenced, database.shards.map(\.epoch) != atStart {
            judge.report("shards changed hands, though nobody died")
        }
        heal()
        try run(until: now + Self.recovery)
        judge.judgeEnd()
        if let violation = judge.violation { throw violation }
    }

    /// Lets everybody join, without faults, for scenarios.
    func begin(replicas: Int) throws {
        for _ in 0..<replicas { addProcess() }
        try run(until: now + 8_000_000)
    }

    /// Runs until `condition` holds, and returns how many microseconds that took; `nil` if it took longer than `limit`.
    func run(for limit: Int64, until condition: () -> Bool = { false }) throws -> Int64? {
        let start = now
        while now < start + limit {
            if condition() { return now - start }
            try step()
        }
        return condition() ? now - start : nil
    }

    /// Whether every shard is owned and run by a living process.
    var allIsRun: Bool { isRun { _ in true } }

    /// All that strategies are in.
    var allStrategiesAreRun: Bool { isRun { $0.strategies > 0 } }

    private func isRun(where isMeant: (FakeDatabase.Shard) -> Bool) -> Bool {
        database.shards.enumerated().allSatisfy { number, shard in
            guard isMeant(shard) else { return true }
            guard let owner = database.live.first(where: { $0.id == shard.owner }), !owner.process.isDead else {
                return false
            }
            return owner.process.running[number]?.epoch == shard.epoch
        }
    }

    private func run(until end: Int64) throws {
        while now < end { try step() }
    }

    private func step() throws {
        guard let (time, action) = queue.next() else { preconditionFailure("a cluster never runs out of events") }
        now = max(now, time)
        steps += 1
        action()
        if let violation = judge.violation { throw violation }
    }

    // MARK: Time and chance

    func schedule(at time: Int64, _ action: @escaping () -> Void) { queue.schedule(at: max(time, now), action) }

    func schedule(after delay: Int64, _ action: @escaping () -> Void) { queue.schedule(at: now + delay, action) }

    func below(_ limit: Int) -> Int { Int(truncatingIfNeeded: random.next() >> 1) % limit }

    func oneIn(_ count: Int) -> Bool { below(count) == 0 }

    /// How long a message is under way.
    func latency() -> Int64 {
        let usual = Int64(100 + below(800))
        guard isFaulty else { return usual }
        if profile.lateMessages > 0, oneIn(profile.lateMessages) { return usual + Int64(below(profile.lateness)) }
        if profile.extremelyLateMessages > 0, oneIn(profile.extremelyLateMessages) {
            return usual + Int64(below(profile.extremeLateness))
        }
        return usual
    }

    /// When a message that is sent now arrives, between this process and the database.
    func arrival(with process: SimulatedProcess) -> Int64 { max(now, process.partitionedUntil) + latency() }

    /// Tells all that listen.
    func notify(_ event: @escaping () -> SimulatedProcess.Event) {
        for process in processes where !process.isDead {
            // A notification that is lost shows at the next heartbeat, or when the listener is back.
            if isFaulty, oneIn(30) { continue }
            process.receive(event(), after: arrival(with: process) - now)
        }
    }

    // MARK: Processes

    @discardableResult
    func addProcess() -> SimulatedProcess {
        let process = SimulatedProcess(
            world: self,
            capacity: profile.hasEqualCapacities ? 100 : [50, 100, 100, 200][below(4)]
        )
        processes.append(process)
        process.start()
        scheduleWrite(of: process)
        return process
    }

    var alive: [SimulatedProcess] { processes.filter { !$0.isDead } }

    /// Writes now and then for something it believes to run, however late the write may arrive.
    private func scheduleWrite(of process: SimulatedProcess) {
        schedule(after: Int64(20_000 + below(150_000))) { [self] in
            guard !process.isDead else { return }
            scheduleWrite(of: process)
            guard !process.isPaused, !process.isSuspended, process.isTrusted else { return }
            guard !process.running.isEmpty else { return }
            let shard = process.running.keys.sorted()[below(process.running.count)]
            guard let token = process.running[shard] else { return }
            let delay = arrival(with: process) - now + (isFaulty && oneIn(10) ? Int64(below(3_000_000)) : 0)
            schedule(after: delay) { [self] in
                if database.isUp { _ = database.write(token, by: process) }
            }
        }
    }

    // MARK: Faults

    private func scheduleFault() {
        schedule(after: Int64(below(profile.faultGap * 1_000))) { [self] in
            guard isFaulty else { return }
            scheduleFault()
            happen(profile.faults[below(profile.faults.count)])
        }
    }

    private func happen(_ fault: SimulationProfile.Fault) {
        let alive = alive
        guard let process = alive.isEmpty ? nil : alive[below(alive.count)] else { return }
        switch fault {
        case .crash, .powerLoss:
            process.die(isPowerLoss: fault == .powerLoss)
            replace()
            // Two at once, now and then.
            if alive.count > 2, oneIn(3) { alive.first { !$0.isDead }?.die(isPowerLoss: fault == .powerLoss) }
        case .pause: process.pause(for: Int64(1_000_000 + below(9_000_000)))
        case .shortPause: process.pause(for: Int64(below(1_500_000)))
        case .partition: process.partitionedUntil = now + Int64(below(8_000_000))
        case .sessionEnded: process.session?.connection.endThere()
        case .halfOpen: process.session?.connection.loseHere()
        case .watcherEnded:
            for connection in database.connections(of: process, .watcher) { connection.endThere() }
        case .databaseRestart: restartDatabase()
        case .failover: failOver()
        case .drain:
            if alive.count > 1 {
                process.receive(.drain)
                replace()
            }
        case .join: if alive.count < 7 { addProcess() }
        case .listenerLost:
            process.receive(.heardNothingForAWhile)
        }
    }

    /// Whoever is gone comes back some time later, as the orchestrator would have it.
    private func replace() {
        schedule(after: Int64(below(8_000_000))) { [self] in
            if alive.count < replicas { addProcess() }
        }
    }

    private func restartDatabase() {
        guard !isDatabaseFailing else { return }
        isDatabaseFailing = true
        database.shutDown()
        schedule(after: Int64(50_000 + below(oneIn(3) ? 9_000_000 : 1_500_000))) { [self] in
            database.startUp()
            isDatabaseFailing = false
            for process in alive { process.receive(.heardNothingForAWhile, after: latency() * 10) }
        }
    }

    /// From some moment on nothing reaches the standby; a little later it takes over.
    private func failOver() {
        guard !isDatabaseFailing else { return }
        isDatabaseFailing = true
        let copy = database.copy()
        schedule(after: Int64(below(3_000_000))) { [self] in
            database.shutDown()
            schedule(after: Int64(50_000 + below(oneIn(3) ? 5_000_000 : 500_000))) { [self] in
                database.promote(copy)
                isDatabaseFailing = false
                for process in alive { process.receive(.heardNothingForAWhile, after: latency() * 10) }
            }
        }
    }

    private func heal() {
        isFaulty = false
        for process in alive {
            process.partitionedUntil = 0
            if process.isPaused { process.wake() }
        }
        if alive.allSatisfy(\.machine.isDraining) { addProcess() }
    }
}
