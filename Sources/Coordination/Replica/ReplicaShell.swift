import Logging
import Postgres
import Synchronization

/// The hands of ``ReplicaService``: starts what the state machine asks for, each action as a child task that answers with an
/// event.
struct ReplicaShell: ~Copyable {
    typealias Event = ReplicaService.Event

    let service: ReplicaService
    /// Something that no retry mends.
    let failure = FailureBox()
    private var session: ReplicaSession?
    /// Of the session that the machine wants now.
    private var generation = 0
    private let opened = OpenedSession()
    private let watcher = Watcher()

    init(service: ReplicaService) {
        self.service = service
    }

    /// Picks up the connection that an `openSession` has brought, lets go of one that is lost.
    mutating func note(_ event: Event, in group: inout ThrowingDiscardingTaskGroup<any Error>) {
        switch event {
        case .sessionOpened(let generation):
            guard let new = opened.take(generation) else { return }
            if generation == self.generation {
                session = new
            } else {
                group.addTask { await new.connection.close() }
            }
        case .sessionLost(let generation):
            if session?.generation == generation { session = nil }
        default: break
        }
    }

    mutating func perform(_ action: ReplicaAction, in group: inout ThrowingDiscardingTaskGroup<any Error>) {
        let service = service
        switch action {
        case .openSession(let generation, let pause):
            self.generation = generation
            let opened = opened
            group.addTask { await service.openSession(generation, after: pause, opened) }
        case .closeSession:
            let session = session
            self.session = nil
            group.addTask { await session?.connection.close() }
        case .watch(let target, let id, let attempt, let seenHeld):
            let watcher = watcher
            group.addTask { await service.watch(target, by: id, attempt, seenHeld: seenHeld, watcher) }
        case .bringUp(let claims): service.host.bringUp(claims)
        case .abandon(let tokens): service.host.abandon(tokens)
        case .refresh: service.host.refresh(shard: nil)
        case .suspend: service.host.suspend()
        case .resume: service.host.resume()
        case .finish: break
        case .join, .reattach, .renew, .fence, .endBackends, .claim, .listOwned, .handOver, .handOverEverything, .leave,
            .expect, .recordStranded:
            let session = session
            let failure = failure
            group.addTask { await service.perform(action, on: session, failure) }
        }
    }
}

/// Where a child task leaves an error that ends the service.
final class FailureBox: Sendable {
    private let state = Mutex<(any Error)?>(nil)

    func withLock<R>(_ body: (inout (any Error)?) -> R) -> R {
        state.withLock { (value: inout sending (any Error)?) in body(&value) }
    }
}

/// One session: a connection, and the number of the attempt that brought it.
struct ReplicaSession: Sendable {
    let generation: Int
    let connection: PostgresConnection
}

/// Hands a new connection from the task that opened it to the loop.
final class OpenedSession: Sendable {
    private let sessions = Mutex<[ReplicaSession]>([])

    func put(_ session: ReplicaSession) {
        sessions.withLock { $0.append(session) }
    }

    func take(_ generation: Int) -> ReplicaSession? {
        sessions.withLock { sessions in
            guard let index = sessions.firstIndex(where: { $0.generation == generation }) else { return nil }
            return sessions.remove(at: index)
        }
    }
}
