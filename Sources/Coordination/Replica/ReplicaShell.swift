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
    private var session: PostgresConnection?
    private let opened = OpenedSession()
    private let watcher = WatcherConnection()

    init(service: ReplicaService) {
        self.service = service
    }

    /// Picks up the connection that an `openSession` has brought.
    mutating func note(_ event: Event) {
        switch event {
        case .sessionOpened(let generation): session = opened.take(generation) ?? session
        case .sessionLost: session = nil
        default: break
        }
    }

    mutating func close() async {
        await session?.close()
        await watcher.close()
    }

    mutating func perform(_ action: ReplicaAction, in group: inout ThrowingTaskGroup<Void, any Error>) {
        let service = service
        switch action {
        case .openSession(let generation, let pause):
            let opened = opened
            let failure = failure
            group.addTask { await service.openSession(generation, after: pause, opened, failure) }
        case .closeSession:
            let session = session
            self.session = nil
            group.addTask { await session?.close() }
        case .watch(let target, let quick):
            let watcher = watcher
            group.addTask { await service.watch(target, quick, on: watcher) }
        case .bringUp(let claims): service.host.bringUp(claims)
        case .abandon(let tokens): service.host.abandon(tokens)
        case .refresh: service.host.refresh(shard: nil)
        case .suspend:
            service.logger.warning("Suspended: the database has not confirmed this replica's lease in time")
            service.host.suspend()
        case .resume:
            service.logger.info("Resumed: the lease is confirmed again")
            service.host.resume()
        case .finish: break
        case .join, .reattach, .renew, .fence, .claim, .listOwned, .handOver, .handOverEverything, .leave:
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

/// Hands a new connection from the task that opened it to the loop, with its generation.
final class OpenedSession: Sendable {
    private let state = Mutex<(generation: Int, connection: PostgresConnection)?>(nil)

    func put(_ generation: Int, _ connection: PostgresConnection) {
        state.withLock { $0 = (generation, connection) }
    }

    func take(_ generation: Int) -> PostgresConnection? {
        state.withLock { state in
            guard let held = state, held.generation == generation else { return nil }
            state = nil
            return held.connection
        }
    }
}

/// The connection that waits for other replicas' locks, opened when first needed.
final class WatcherConnection: Sendable {
    private let connection = Mutex<PostgresConnection?>(nil)

    func get(_ configuration: PostgresConfiguration, _ logger: Logger) async throws -> PostgresConnection {
        if let open = connection.withLock({ $0 }), !open.isClosed { return open }
        let new = try await PostgresConnection.connect(configuration, logger: logger)
        connection.withLock { $0 = new }
        return new
    }

    func close() async {
        await connection.withLock { $0 }?.close()
    }
}
