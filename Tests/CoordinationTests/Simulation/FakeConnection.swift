/// A connection to the fake database, both of its ends: what is sent arrives in order, on either side.
final class FakeConnection {
    enum Kind {
        case session, watcher, pool
    }

    enum Answer {
        case rows
        /// The connection was lost: it may have happened or not.
        case unknown
    }

    struct Statement {
        /// Runs on the server; false if it has not finished yet (it waits, or takes its time).
        let execute: (FakeConnection) -> Bool
        let answered: (Answer) -> Void
    }

    let kind: Kind
    let process: SimulatedProcess
    let openedAt: Int64
    private unowned let world: Simulation

    // The client's end.
    private(set) var isOpenHere = true
    private var underWay: [Statement] = []
    private var onLoss: () -> Void
    private var lastArrivalThere: Int64 = 0
    private var lastArrivalHere: Int64 = 0

    // The server's end.
    private(set) var isOpenThere = true
    private var waiting: [Statement] = []
    private var isBusy = false
    private var lastActivity: Int64

    init(_ kind: Kind, of process: SimulatedProcess, in world: Simulation, onLoss: @escaping () -> Void) {
        self.kind = kind
        self.process = process
        self.world = world
        self.onLoss = onLoss
        openedAt = world.now
        lastActivity = world.now
        if kind == .session, world.profile.idleSessionTimeout { watchIdleness(from: world.now) }
    }

    // MARK: The client

    func submit(_ statement: Statement) {
        guard isOpenHere else { return statement.answered(.unknown) }
        underWay.append(statement)
        world.statements += 1
        lastArrivalThere = max(lastArrivalThere, world.arrival(with: process))
        guard lastArrivalThere - world.now < Simulation.userTimeout else {
            // Never acknowledged: the kernel gives the connection up.
            return world.schedule(after: Simulation.userTimeout) { self.loseHere() }
        }
        world.schedule(at: lastArrivalThere) { self.receive(statement) }
    }

    func close() {
        guard isOpenHere else { return }
        loseHere(tells: false)
        lastArrivalThere = max(lastArrivalThere, world.arrival(with: process))
        world.schedule(at: lastArrivalThere) { self.endThere() }
    }

    /// The process is gone: nobody hears of anything any more. With its machine, the server does not, either.
    func abandon(isPowerLoss: Bool) {
        isOpenHere = false
        underWay = []
        if !isPowerLoss { world.schedule(after: world.latency()) { self.endThere() } }
    }

    func loseHere(tells: Bool = true) {
        guard isOpenHere else { return }
        isOpenHere = false
        let lost = underWay
        underWay = []
        for statement in lost { statement.answered(.unknown) }
        if tells { onLoss() }
    }

    // MARK: The server

    private func receive(_ statement: Statement) {
        guard isOpenThere else { return }
        lastActivity = world.now
        waiting.append(statement)
        runNext()
    }

    private func runNext() {
        guard !isBusy, isOpenThere, let next = waiting.first else { return }
        isBusy = true
        if next.execute(self) { finished() }
    }

    /// The statement that is being executed is over; its answer is on the way.
    func finished() {
        guard isOpenThere, isBusy else { return }
        isBusy = false
        lastActivity = world.now
        let statement = waiting.removeFirst()
        if world.profile.lostAnswers > 0, kind != .pool, world.isFaulty, world.oneIn(world.profile.lostAnswers) {
            return endThere()
        }
        lastArrivalHere = max(lastArrivalHere, world.arrival(with: process))
        world.schedule(at: lastArrivalHere) { self.receiveAnswer(to: statement) }
        runNext()
    }

    private func receiveAnswer(to statement: Statement) {
        guard isOpenHere, !underWay.isEmpty else { return }
        underWay.removeFirst()
        statement.answered(.rows)
    }

    /// The backend ends: its locks are free, what it did not finish never happened.
    func endThere() {
        guard isOpenThere else { return }
        isOpenThere = false
        waiting = []
        world.database.ended(self)
        lastArrivalHere = max(lastArrivalHere, world.arrival(with: process))
        world.schedule(at: lastArrivalHere) { self.loseHere() }
    }

    private func watchIdleness(from moment: Int64) {
        world.schedule(at: moment + Simulation.ttl) { [weak self] in
            guard let self, self.isOpenThere else { return }
            if self.isBusy {
                self.watchIdleness(from: self.world.now)
            } else if self.world.now - self.lastActivity >= Simulation.ttl {
                self.endThere()
            } else {
                self.watchIdleness(from: self.lastActivity)
            }
        }
    }
}
