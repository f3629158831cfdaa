import Logging
import Postgres
import Synchronization

/// Asks for another replica's lock, on a connection that is opened when first needed, and anew where a question about the next one
/// would have to wait behind the long poll for the last.
final class Watcher: Sendable {
    private struct Open {
        let connection: WatcherConnection
        var target: ReplicaID
        var questions = 1
    }

    private let open = Mutex<Open?>(nil)

    /// Below `deadlock_timeout` (1 s by default), so that the wait never triggers a deadlock check; short, because a waiting
    /// statement holds a snapshot.
    private static let longPoll = Duration.milliseconds(900)
    private static let quickLook = Duration.milliseconds(1)

    /// - Parameter seenHeld: whether `id` has seen the lock held in the session that it has now.
    func ask(
        for target: ReplicaID,
        by id: ReplicaID,
        seenHeld: Bool,
        _ configuration: PostgresConfiguration,
        _ logger: Logger
    ) async throws -> WatchVerdict {
        while true {
            let (connection, isNew) = try await connection(for: target, by: id, configuration, logger)
            defer { answered(on: connection) }
            let (verdict, isYounger) = try await ReplicaRepository.watch(
                target,
                by: id,
                wait: seenHeld ? Self.longPoll : Self.quickLook,
                seenHeld: seenHeld,
                on: connection
            )
            guard seenHeld, !isYounger else { return verdict }
            // Too old to convict. (A server that is going down takes no new one.)
            renounce(connection)
            // Or the session is just being replaced, and younger than any connection: then the lease tells, if it has to.
            if verdict == .held || isNew { return verdict }
        }
    }

    private func connection(
        for target: ReplicaID,
        by id: ReplicaID,
        _ configuration: PostgresConfiguration,
        _ logger: Logger
    ) async throws -> (WatcherConnection, isNew: Bool) {
        let known = open.withLock { open -> WatcherConnection? in
            guard let last = open, !last.connection.postgres.isClosed, last.target == target || last.questions == 0
            else { return nil }
            open?.target = target
            open?.questions += 1
            return last.connection
        }
        if let known { return (known, isNew: false) }
        let new = try await ReplicaRepository.openWatcher(configuration, for: id, logger)
        // The one before is closed when its last question is answered.
        open.withLock { $0 = Open(connection: new, target: target) }
        return (new, isNew: true)
    }

    private func answered(on connection: WatcherConnection) {
        open.withLock { open in
            if open?.connection.postgres === connection.postgres { open?.questions -= 1 }
        }
    }

    /// The next question is asked on another one.
    private func renounce(_ connection: WatcherConnection) {
        open.withLock { open in
            if open?.connection.postgres === connection.postgres { open = nil }
        }
    }
}
