@testable import Coordination

/// One process: the real state machine, and in the place of its shell one that speaks to the fake database. Its clock runs
/// at a pace of its own.
final class SimulatedProcess {
    typealias Event = ReplicaEvent<SimulatedInstant>

    unowned let world: Simulation
    let capacity: Int
    /// Its clock at the beginning, and how much it is too fast (parts per million).
    private let clockOffset: Int64
    private let drift: Int64

    var machine: ReplicaStateMachine<SimulatedInstant>
    private(set) var isDead = false
    /// Stopped until then: nothing is received, nothing is done.
    private(set) var pausedUntil: Int64 = 0
    var partitionedUntil: Int64 = 0
    private var inbox: [Event] = []
    private var armed: Int64?

    // The shell.
    private(set) var session: (generation: Int, connection: FakeConnection)?
    private var wantedGeneration = 0
    private var watcher: (target: ReplicaID, connection: FakeConnection, questions: Int)?
    private(set) var openWatches = 0

    // The host.
    var running: [Int: FencingToken] = [:]
    private(set) var isSuspended = false

    init(world: Simulation, capacity: Int) {
        self.world = world
        self.capacity = capacity
        clockOffset = Int64(world.below(1_000_000_000))
        drift = world.profile.drift == 0 ? 0 : Int64(world.below(Int(world.profile.drift * 2))) - world.profile.drift
        machine = ReplicaStateMachine(
            lease: LeaseConfiguration(ttl: .microseconds(Simulation.ttl), heartbeatInterval: .milliseconds(500))
        )
    }

    // MARK: Time

    var localNow: SimulatedInstant {
        SimulatedInstant(microseconds: clockOffset + world.now + world.now / 1_000_000 * drift)
    }

    /// The moment of the world at which this clock shows `instant`, or a little later.
    private func moment(of instant: SimulatedInstant) -> Int64 {
        let distance = instant.microseconds - localNow.microseconds
        return world.now + max(0, distance + distance / 1_000_000 * -drift + 1)
    }

    /// What the order gateway asks before it sends.
    var isTrusted: Bool { machine.trustedUntil.map { localNow < $0 } ?? false }

    var isPaused: Bool { pausedUntil > world.now }

    // MARK: Life

    func start() { receive(.start) }

    func pause(for duration: Int64) {
        guard !isDead, !isPaused else { return }
        pausedUntil = world.now + duration
        world.schedule(at: pausedUntil) { self.wake() }
    }

    func wake() {
        pausedUntil = 0
        guard !isDead else { return }
        // A timer and a socket that are both ready: either may come first.
        if world.oneIn(2) { handle(.tick) }
        let events = inbox
        inbox = []
        for event in events where !isDead { handle(event) }
        if !isDead { handle(.tick) }
    }

    func die(isPowerLoss: Bool = false) {
        guard !isDead else { return }
        isDead = true
        inbox = []
        running = [:]
        session?.connection.abandon(isPowerLoss: isPowerLoss)
        watcher?.connection.abandon(isPowerLoss: isPowerLoss)
        for connection in world.database.connections(of: self, .session) where connection !== session?.connection {
            connection.abandon(isPowerLoss: isPowerLoss)
        }
    }

    func receive(_ event: Event, after delay: Int64 = 0) {
        world.schedule(after: delay + Int64(world.below(50))) {
            guard !self.isDead else { return }
            if self.isPaused { self.inbox.append(event) } else { self.handle(event) }
        }
    }

    private func handle(_ event: Event) {
        note(event)
        var now = localNow
        if case .sessionOpened = event, world.profile.mutations.contains(.sessionsAreOldAtOnce) {
            now.microseconds -= 2 * Simulation.ttl
        }
        let actions = machine.handle(event, at: now)
        for action in actions { perform(action) }
        guard !isDead, let deadline = machine.deadline else { return }
        let moment = moment(of: deadline)
        guard armed.map({ moment < $0 || $0 <= world.now }) ?? true else { return }
        armed = moment
        world.schedule(at: moment) {
            if self.armed == moment { self.armed = nil }
            guard !self.isDead else { return }
            // Whoever is stopped looks at the clock when it wakes up.
            if !self.isPaused { self.handle(.tick) }
        }
    }

    private func note(_ event: Event) {
        switch event {
        case .sessionLost(let generation) where session?.generation == generation: session = nil
        default: break
        }
    }

    // MARK: Actions

    private func perform(_ action: ReplicaAction) {
        switch action {
        case .openSession(let generation, let pause):
            wantedGeneration = generation
            let wait = pause.microseconds
            open(generation, after: wait / 2 + (wait > 0 ? Int64(world.below(Int(wait / 2) + 1)) : 0))
        case .closeSession:
            session?.connection.close()
            session = nil
        case .watch(let target, let id, let attempt, let seenHeld): watch(target, by: id, attempt, seenHeld)
        case .bringUp(let claims):
            for claim in claims {
                if claim.token.owner != machine.id {
                    world.judge.report("\(machine.id ?? 0) brought up \(claim.token)")
                }
                running[claim.token.shard] = claim.token
            }
        case .abandon(let tokens):
            for token in tokens where running[token.shard] == token { running[token.shard] = nil }
        case .refresh: break
        case .suspend: isSuspended = true
        case .resume: isSuspended = false
        case .finish:
            die()
        default: ask(action)
        }
    }

    private func open(_ generation: Int, after pause: Int64) {
        world.schedule(after: pause + world.latency() * 2) {
            guard !self.isDead else { return }
            let arrival = self.world.arrival(with: self)
            self.world.schedule(at: min(arrival, self.world.now + 5_000_000)) {
                guard !self.isDead else { return }
                guard arrival - self.world.now < 5_000_000,
                    let connection = self.world.database.connect(
                        .session,
                        self,
                        onLoss: { self.receive(.sessionLost(generation: generation)) }
                    )
                else { return self.receive(.sessionLost(generation: generation)) }
                guard generation == self.wantedGeneration else { return connection.close() }
                self.session = (generation, connection)
                self.receive(.sessionOpened(generation: generation), after: self.world.latency())
            }
        }
    }

    private func watch(_ target: ReplicaID, by id: ReplicaID, _ attempt: Int, _ seenHeld: Bool) {
        var isNew = false
        if watcher?.connection.isOpenHere != true || (watcher?.target != target && watcher?.questions != 0) {
            // The one before ends with its last answer.
            watcher = world.database.connect(.watcher, self, onLoss: {}).map { (target, $0, 0) }
            isNew = true
        }
        guard let connection = watcher?.connection else {
            return receive(.watchFailed(target, attempt: attempt), after: world.latency())
        }
        watcher?.target = target
        watcher?.questions += 1
        openWatches += 1
        if openWatches > 12 { world.judge.report("polls pile up") }
        let database = world.database
        var verdict = WatchVerdict.held
        var isYounger: Bool?
        let statement = FakeConnection.Statement(
            execute: { connection in
                var isWaiting = false
                let number = database.lock(target, exclusively: false, connection) {
                    isYounger = database.isYounger(connection, thanSessionOf: target)
                    let isFenced =
                        seenHeld && isYounger == true && database.fence(target, by: id, .sessionLost)
                    verdict = isFenced ? .fenced : .free
                    if isWaiting { connection.finished() }
                }
                guard verdict == .held else { return true }
                isWaiting = true
                self.world.schedule(after: seenHeld ? 900_000 : 1_000) {
                    guard database.giveUpWaiting(number) else { return }
                    isYounger = database.isYounger(connection, thanSessionOf: target)
                    connection.finished()
                }
                return false
            },
            answered: { answer in
                self.openWatches -= 1
                if self.watcher?.connection === connection { self.watcher?.questions -= 1 }
                guard case .rows = answer else {
                    return self.receive(.watchFailed(target, attempt: attempt))
                }
                if seenHeld, isYounger == false {
                    if self.watcher?.connection === connection { self.watcher = nil }
                    connection.close()
                    if verdict == .free, !isNew { return self.watch(target, by: id, attempt, seenHeld) }
                }
                self.receive(.watched(target, attempt: attempt, verdict))
            }
        )
        connection.submit(statement)
    }
}
