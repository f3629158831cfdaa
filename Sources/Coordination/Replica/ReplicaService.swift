package import CoreMetrics
package import Logging
import Metrics
package import Postgres
import ServiceLifecycle
import Synchronization

/// One replica, from joining to leaving: performs what ``ReplicaStateMachine`` decides.
///
/// A single task feeds the machine and starts each action; the actions run as its children and answer with events. The
/// session carries the lock, the heartbeats, fences, claims and releases, all of them short; waiting for somebody else's
/// lock happens on a connection of its own.
package final class ReplicaService: Service {
    typealias Machine = ReplicaStateMachine<ContinuousClock.Instant>
    typealias Event = ReplicaEvent<ContinuousClock.Instant>

    let identity: ReplicaIdentity
    let lease: LeaseConfiguration
    let sessionConfiguration: PostgresConfiguration
    let watcherConfiguration: PostgresConfiguration
    let listener: PostgresListener
    let host: any ShardHost
    let handOverLimits: HandOverLimits
    private let onDrain: @Sendable () -> Void
    private let orphaned: Gauge
    let metrics: ReplicaMetrics
    let logger: Logger
    let clock = ContinuousClock()

    private let events: AsyncStream<Event>
    let continuation: AsyncStream<Event>.Continuation
    let pace = HandOverPace()
    private let shared = Mutex(Shared())

    private struct Shared {
        var status = ReplicaStatus.joining
        var trustedUntil: ContinuousClock.Instant?
        var memberCount = 1
        var id: ReplicaID?
    }

    /// - Parameters:
    ///   - database: A direct connection (not through a pooler in transaction mode).
    ///   - onDrain: Called once, when a drain begins, whoever asked for it. It goes on until all is handed over; whoever
    ///     wants it shorter ends the process.
    package init(
        identity: ReplicaIdentity,
        lease: LeaseConfiguration,
        database: PostgresConfiguration,
        listener: PostgresListener,
        host: any ShardHost,
        handOverLimits: HandOverLimits = HandOverLimits(),
        onDrain: @escaping @Sendable () -> Void = {},
        metrics: any MetricsFactory = MetricsSystem.factory,
        logger: Logger
    ) {
        self.identity = identity
        self.lease = lease
        self.listener = listener
        self.host = host
        self.handOverLimits = handOverLimits
        self.onDrain = onDrain
        orphaned = Gauge(label: "tenure_orphaned_strategies", factory: metrics)
        orphaned.record(0)
        self.metrics = ReplicaMetrics(factory: metrics)
        self.logger = logger
        var session = database
        // Its lock is what tells the others.
        session.isHeardFirst = true
        // The server itself ends a session that has fallen silent, and frees its lock.
        session.settings["idle_session_timeout"] = "\(lease.ttl.milliseconds)ms"
        // Few statements, each large and always of the same shape: to plan one takes longer than to run it.
        session.settings["plan_cache_mode"] = "force_generic_plan"
        sessionConfiguration = session
        var watcher = database
        // As for the session: a verdict is not to wait for a plan.
        watcher.settings["plan_cache_mode"] = "force_generic_plan"
        watcherConfiguration = watcher
        (events, continuation) = AsyncStream.makeStream()
    }

    package var status: ReplicaStatus { shared.withLock { $0.status } }

    /// Whether an order may leave this process now: false once this replica must assume that it has been fenced.
    package var isTrusted: Bool {
        guard let deadline = shared.withLock({ $0.trustedUntil }) else { return false }
        return clock.now < deadline
    }

    /// Until *trusted until*; `nil` when this process is no member.
    package var leaseRemaining: Duration? {
        shared.withLock { $0.trustedUntil }.map { clock.now.duration(to: $0) }
    }

    /// How many replicas there were at the last heartbeat, this one included.
    package var memberCount: Int { shared.withLock { $0.memberCount } }

    /// Hands everything over and ends `run()`.
    package func drain() {
        continuation.yield(.drain)
    }

    /// Runs until drained. Throws ``CoordinationError`` where this database cannot be used like this.
    package func run() async throws {
        try await withGracefulShutdownHandler {
            // Discarding: it lives as long as the process, and would keep what each finished child returned.
            try await withThrowingDiscardingTaskGroup { group in
                try await self.loop(&group)
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.drain()
        }
    }

    private func loop(_ group: inout ThrowingDiscardingTaskGroup<any Error>) async throws {
        var machine = Machine(lease: lease)
        var shell = ReplicaShell(service: self)
        var armed: ContinuousClock.Instant?
        group.addTask { await self.forwardNotifications() }
        continuation.yield(.start)
        for await event in events {
            let (before, wasSuspended, wasDraining) = (machine.id, machine.isSuspended, machine.isDraining)
            let wereStranded = machine.stranded
            shell.note(event, in: &group)
            for action in machine.handle(event, at: clock.now) {
                shell.perform(action, in: &group)
            }
            publish(machine)
            if machine.isDraining, !wasDraining {
                onDrain()
                logger.info("Draining: handing over \(machine.owned.count) shards")
            }
            log(event, before: before, machine)
            logSuspension(wasSuspended, before: before, machine)
            if machine.stranded != wereStranded { alert(machine.stranded, before: wereStranded) }
            if machine.isFinished {
                // What is still under way must not hold up the end.
                group.cancelAll()
                return
            }
            // One timer per deadline; a tick that comes too early finds nothing to do.
            if let deadline = machine.deadline, armed.map({ deadline < $0 || $0 <= clock.now }) ?? true {
                armed = deadline
                group.addTask {
                    try? await self.clock.sleep(until: deadline, tolerance: .zero)
                    self.continuation.yield(.tick)
                }
            }
            if let failure = shell.failure.withLock({ $0 }) { throw failure }
        }
    }

    private func publish(_ machine: Machine) {
        let status: ReplicaStatus =
            switch machine.id {
            case _ where machine.isFinished: .stopped
            case _ where machine.isDraining: .draining
            case nil: .joining
            case .some(let id): machine.isSuspended ? .suspended(id) : .member(id)
            }
        shared.withLock {
            $0.status = status
            $0.trustedUntil = machine.trustedUntil
            $0.id = machine.id
            $0.memberCount = max(1, machine.membership?.members.count ?? 1)
        }
    }

    private func log(_ event: Event, before: ReplicaID?, _ machine: Machine) {
        switch event {
        case .joined(let id, _, _) where before == nil && machine.id == id:
            logger.info("Joined as replica \(id)", metadata: ["replica.id": "\(id)"])
        case .left where machine.isFinished:
            logger.info("Left the cluster")
        default:
            guard let before, machine.id == nil else { return }
            logger.warning(
                "Replica \(before) was fenced; its strategies are stopped here",
                metadata: ["replica.id": "\(before)"]
            )
        }
    }

    private func logSuspension(_ wasSuspended: Bool, before: ReplicaID?, _ machine: Machine) {
        switch (wasSuspended, machine.isSuspended) {
        case (false, true):
            logger.warning("Suspended: the database has not confirmed this replica's lease in time")
        // A fenced one is suspended no longer either, but nothing was confirmed.
        case (true, false) where machine.id == before && !machine.isFinished:
            logger.info("Resumed: the lease is confirmed again")
        default: break
        }
    }

    /// Strategies that nobody runs are the worst that is not an error: said aloud, and counted.
    private func alert(_ stranded: Int, before: Int) {
        orphaned.record(stranded)
        if stranded > 0 {
            logger.warning(
                """
                \(stranded) strategies are orphaned: no replica has room for them. Start another replica, or raise \
                TENURE_CAPACITY
                """,
                metadata: ["count": "\(stranded)"]
            )
        } else {
            logger.info("No strategy is orphaned for want of room any more", metadata: ["count": "\(before)"])
        }
    }

    private func isMe(_ word: Substring) -> Bool {
        shared.withLock { [id = ReplicaID(word)] in $0.id != nil && $0.id == id }
    }

    private func forwardNotifications() async {
        for await event in listener.subscribe() {
            switch event {
            case .connected, .lost: continuation.yield(.heardNothingForAWhile)
            case .notification(_, let payload, _):
                let words = payload.split(separator: " ")
                switch words.first {
                case "fenced": if words.count > 1, let id = ReplicaID(words[1]) { continuation.yield(.heardFenced(id)) }
                case "drain": if words.count > 1, let id = ReplicaID(words[1]) { continuation.yield(.heardDrain(id)) }
                case "released": continuation.yield(.heardReleased(for: words.count > 1 ? ReplicaID(words[1]) : nil))
                case "expect":
                    if words.count > 3, let receiver = ReplicaID(words[1]), let giver = ReplicaID(words[2]) {
                        let shards = words[3].split(separator: ",").compactMap { Int($0) }
                        continuation.yield(.heardAnnounced(shards, to: receiver, from: giver))
                    }
                case "awaits":
                    if words.count > 2, isMe(words[1]), let receiver = ReplicaID(words[2]) {
                        pace.note(waiting: receiver)
                    }
                case "ready":
                    if words.count > 2, isMe(words[1]), let shards = Int(words[2]) { pace.note(ready: shards) }
                case "start", "stop", "change":
                    if words.count > 2, let shard = Int(words[2]) { host.refresh(shard: shard) }
                default: break
                }
            }
        }
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    package var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
