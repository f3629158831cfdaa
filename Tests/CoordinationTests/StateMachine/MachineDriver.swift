@testable import Coordination

/// Drives one machine by hand: a clock that is moved, and answers to what it asks.
struct MachineDriver {
    typealias Machine = ReplicaStateMachine<SimulatedInstant>

    static let lease = LeaseConfiguration(ttl: .seconds(3), heartbeatInterval: .milliseconds(500))

    var machine = Machine(lease: Self.lease)
    var now = SimulatedInstant.start

    @discardableResult
    mutating func send(_ event: ReplicaEvent<SimulatedInstant>) -> [ReplicaAction] {
        machine.handle(event, at: now)
    }

    mutating func pass(_ duration: Duration) {
        now = now.advanced(by: duration)
    }

    /// Moves the clock from deadline to deadline, as the shell would, and returns all that the ticks brought.
    @discardableResult
    mutating func tick(for duration: Duration) -> [ReplicaAction] {
        let end = now.advanced(by: duration)
        var actions: [ReplicaAction] = []
        while let deadline = machine.deadline, deadline <= end {
            now = max(now, deadline)
            let new = send(.tick)
            actions += new
            if new.isEmpty, machine.deadline == deadline { break }
        }
        now = end
        return actions
    }

    /// Opens the session that the machine asked for last.
    @discardableResult
    mutating func open() -> [ReplicaAction] {
        send(.sessionOpened(generation: machine.generation))
    }

    @discardableResult
    mutating func renewed(_ membership: Membership, sentAt: SimulatedInstant? = nil) -> [ReplicaAction] {
        send(.renewed(machine.id!, membership, sentAt: sentAt ?? now, machine.stamp))
    }

    /// A member: joined as `id`, with one heartbeat answered.
    static func member(_ id: ReplicaID = 1, with others: [Membership.Member] = []) -> MachineDriver {
        var driver = MachineDriver()
        driver.send(.start)
        driver.open()
        driver.send(.joined(id, generation: driver.machine.generation, sentAt: driver.now))
        driver.renewed(Membership([.of(id)] + others))
        return driver
    }

    /// A member that owns these shards.
    static func owner(
        of owned: [Int: Int64],
        as id: ReplicaID = 1,
        with others: [Membership.Member] = []
    ) -> MachineDriver {
        var driver = member(id, with: others)
        driver.send(.heardReleased(for: nil))
        driver.send(.claimed(driver.claims(owned), missed: 0, by: id))
        driver.send(.claimed([], missed: 0, by: id))
        driver.renewed(Membership([.of(id, owned: owned)] + others))
        return driver
    }

    func claims(_ owned: [Int: Int64]) -> [ShardClaim] {
        tokens(owned).map { ShardClaim(token: $0, strategies: 1) }
    }

    func tokens(_ owned: [Int: Int64]) -> [FencingToken] {
        owned.map { FencingToken(shard: $0.key, owner: machine.id!, epoch: $0.value) }.sorted { $0.shard < $1.shard }
    }
}

extension [ReplicaAction] {
    /// Whose leases have expired.
    var fences: [ReplicaID] {
        compactMap { if case .fence(let victim, _) = $0 { victim } else { nil } }
    }

    var watches: [(target: ReplicaID, attempt: Int, seenHeld: Bool)] {
        compactMap { action in
            if case .watch(let target, _, let attempt, let seenHeld) = action {
                (target, attempt, seenHeld)
            } else {
                nil
            }
        }
    }

    var listings: [ReplicaStamp] { compactMap { if case .listOwned(_, let stamp) = $0 { stamp } else { nil } } }

    var broughtUp: [FencingToken] {
        flatMap { action -> [FencingToken] in
            if case .bringUp(let claims) = action { claims.map(\.token) } else { [] }
        }
    }

    var abandoned: [FencingToken] {
        flatMap { action -> [FencingToken] in
            if case .abandon(let tokens) = action { tokens } else { [] }
        }
    }

    var renewals: Int { count { if case .renew = $0 { true } else { false } } }

    var claims: Int { count { if case .claim = $0 { true } else { false } } }
}
