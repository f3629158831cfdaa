package import Logging
import Synchronization

/// A fixed number of connections, kept open by `run()`, for any number of tasks.
///
/// Usable at once: until `run()` has connected, callers wait (up to the acquire timeout).
package final class PostgresPool: PostgresExecutor {
    private typealias Acquired = Result<PostgresConnection, PostgresError>

    private struct Protected {
        var machine: PoolStateMachine
        var connections: [PoolStateMachine.ConnectionID: PostgresConnection] = [:]
        var waiters: [PoolStateMachine.WaiterID: CheckedContinuation<Acquired, Never>] = [:]
        /// Slots that wait for their connection to be unused, at the end.
        var drains: [PoolStateMachine.ConnectionID: CheckedContinuation<Void, Never>] = [:]
        var lastConnectError: PostgresError?
        var outage = Outage()
        var isClosed = false
    }

    /// What to do after the lock is released.
    private struct Wake {
        var acquired: [(CheckedContinuation<Acquired, Never>, Acquired)] = []
        var drained: [CheckedContinuation<Void, Never>] = []

        func perform() {
            for (continuation, answer) in acquired { continuation.resume(returning: answer) }
            for continuation in drained { continuation.resume() }
        }
    }

    /// How many single statements share a connection at most; more wait in the pool's line.
    private static let depth = 64
    /// At the end, how long a connection in use is waited for.
    private static let drainLimit = Duration.seconds(5)

    private let configuration: PostgresConfiguration
    private let acquireTimeout: Duration
    private let logger: Logger
    private let protected: Mutex<Protected>

    /// - Parameters:
    ///   - size: how many connections are kept.
    ///   - acquireTimeout: how long a caller waits for one.
    package init(
        configuration: PostgresConfiguration,
        size: Int,
        acquireTimeout: Duration = .seconds(5),
        logger: Logger
    ) {
        self.configuration = configuration
        self.acquireTimeout = acquireTimeout
        self.logger = logger
        protected = Mutex(Protected(machine: PoolStateMachine(size: size, depth: Self.depth)))
        self.size = size
    }

    /// How many connections it keeps.
    package let size: Int

    /// How many connections are open now.
    package var openConnections: Int { protected.withLock { $0.machine.connectionCount } }

    /// Why the last attempt to connect failed; nil once one has succeeded.
    package var lastConnectError: PostgresError? { protected.withLock { $0.lastConnectError } }

    // MARK: Keeping connections

    /// Opens the connections and keeps them open, until the task is cancelled: then callers that wait are told, what is
    /// under way is finished, and all are closed. A pool is run once.
    package func run() async throws {
        await withTaskGroup { group in
            for _ in 0..<size { group.addTask(name: "postgres-pool") { await self.keepOne() } }
            await withTaskCancellationHandler {
                await group.waitForAll()
            } onCancel: {
                refuseFromNowOn()
            }
        }
        refuseFromNowOn()
    }

    private func keepOne() async {
        var backoff = Backoff()
        while !Task.isCancelled {
            do {
                let connection = try await PostgresConnection.connect(configuration, logger: logger)
                backoff.reset()
                guard add(connection) else { return await connection.close() }
                let reason = await connection.waitUntilClosed()
                if Task.isCancelled { await drain(connection) }
                remove(connection, because: reason)
                await connection.close()
                if let reason, !Task.isCancelled {
                    report(reason, protected.withLock { $0.outage.connectionLost(now: .now) })
                }
            } catch {
                let news = protected.withLock { protected in
                    protected.lastConnectError = error
                    return error.code == .cancelled ? nil : protected.outage.connectingFailed(now: .now)
                }
                guard error.code != .cancelled else { return }
                report(error, news)
            }
            // Cancellation ends the loop.
            try? await Task.sleep(for: backoff.next(), clock: .continuous)
        }
    }

    /// What is known already is for debugging only.
    private func report(_ error: PostgresError?, _ news: Outage.News?) {
        var metadata: Logger.Metadata = ["postgres.open": "\(openConnections)", "postgres.size": "\(size)"]
        if let error { metadata["postgres.error"] = "\(error)" }
        switch news {
        case .lost: logger.warning("Connection to PostgreSQL lost; connecting again", metadata: metadata)
        case .unreachable: logger.warning("Cannot connect to PostgreSQL; trying again", metadata: metadata)
        case .over(let duration):
            metadata["postgres.after"] = "\(duration)"
            logger.notice("Connected to PostgreSQL again", metadata: metadata)
        case nil: logger.debug("Still without a connection to PostgreSQL", metadata: metadata)
        }
    }

    /// False if the pool has been closed meanwhile.
    private func add(_ connection: PostgresConnection) -> Bool {
        let now = ContinuousClock.now
        let added: (Wake, Outage.News?)? = protected.withLock { protected in
            guard !protected.isClosed else { return nil }
            protected.lastConnectError = nil
            protected.connections[connection.driver.id] = connection
            let wake = grant(protected.machine.connected(connection.driver.id, now: now), &protected)
            return (wake, protected.outage.connected(allAreOpen: protected.connections.count == size, now: now))
        }
        guard let (wake, news) = added else { return false }
        wake.perform()
        if let news { report(nil, news) }
        return true
    }

    private func remove(_ connection: PostgresConnection, because reason: PostgresError?) {
        let now = ContinuousClock.now
        protected.withLock { protected in
            if let reason, protected.connections.count == 1 { protected.lastConnectError = reason }
            protected.connections[connection.driver.id] = nil
            return grant(protected.machine.removed(connection.driver.id, now: now), &protected)
        }.perform()
    }

    private func refuseFromNowOn() {
        protected.withLock { protected in
            protected.isClosed = true
            var wake = Wake()
            for waiter in protected.machine.close() {
                guard let continuation = protected.waiters.removeValue(forKey: waiter) else { continue }
                wake.acquired.append((continuation, .failure(Self.closed)))
            }
            return wake
        }.perform()
    }

    /// Waits, at the end, until nobody uses the connection, but not for ever.
    private func drain(_ connection: PostgresConnection) async {
        let id = connection.driver.id
        await withCheckedContinuation { continuation in
            let mustWait = protected.withLock { protected in
                guard !protected.machine.isUnused(id) else { return false }
                protected.drains[id] = continuation
                return true
            }
            guard mustWait else { return continuation.resume() }
            IOThread.shared.send(
                .schedule(
                    IOTimer(deadline: .now + Self.drainLimit) { [weak self] in
                        self?.protected.withLock { $0.drains.removeValue(forKey: id) }?.resume()
                    }
                )
            )
        }
    }

    private static var closed: PostgresError {
        PostgresError(.closed, "The connection pool was closed; nothing was sent.")
    }

    // MARK: Using them

    /// Runs one statement on any connection, together with others. One that was never sent, because its connection broke, is
    /// sent on another.
    @discardableResult
    package func query(
        _ statement: PostgresStatement,
        timeout: Duration?
    ) async throws(PostgresError) -> PostgresResult {
        let deadline = timeout.map { ContinuousClock.now + $0 }
        let acquireBy = ContinuousClock.now + acquireTimeout
        while true {
            let connection = try await acquire(.shared, by: deadline.map { min($0, acquireBy) } ?? acquireBy)
            do {
                defer { release(connection, .shared) }
                return try await connection.query(statement, timeout: deadline.map { $0 - .now })
            } catch {
                guard error.code == .connection || error.code == .closed, .now < acquireBy else { throw error }
                remove(connection, because: error)
            }
        }
    }

    /// Lends a connection to `body` alone: for session state, or several statements that belong together.
    ///
    /// A transaction that `body` leaves open is rolled back. Other session state (settings, locks) it must undo itself.
    ///
    /// - Throws: what `body` throws; `PostgresError` if no connection could be had.
    @discardableResult
    package func withConnection<R>(_ body: (PostgresConnection) async throws -> R) async throws -> R {
        let connection = try await acquire(.exclusive, by: .now + acquireTimeout)
        do {
            let value = try await body(connection)
            await giveBack(connection)
            return value
        } catch {
            await giveBack(connection)
            throw error
        }
    }

    /// Runs `body` in a transaction on a connection of its own.
    ///
    /// - Throws: as `withConnection`, and `PostgresConnection.withTransaction`.
    @discardableResult
    package func withTransaction<R>(
        isolation: PostgresIsolation = .readCommitted,
        repetition: PostgresRepetition = .once,
        _ body: (PostgresConnection) async throws -> R
    ) async throws -> R {
        try await withConnection { connection in
            try await connection.withTransaction(isolation: isolation, repetition: repetition, body)
        }
    }

    private func giveBack(_ connection: PostgresConnection) async {
        if connection.hasOpenTransaction, !connection.isClosed {
            logger.warning("A transaction was left open; it is rolled back")
            do {
                _ = try await connection.performShielded("ROLLBACK", timeout: .seconds(1))
            } catch {
                remove(connection, because: error)
                IOThread.shared.send(.close(connection.driver))
            }
        }
        release(connection, .exclusive)
    }

    private func acquire(
        _ use: PoolStateMachine.Use,
        by deadline: ContinuousClock.Instant
    ) async throws(PostgresError) -> PostgresConnection {
        let now = ContinuousClock.now
        let immediate: Acquired? = protected.withLock { protected in
            guard !protected.isClosed else { return .failure(Self.closed) }
            guard use == .shared, let id = protected.machine.acquireSharedNow(now: now),
                let connection = protected.connections[id]
            else { return nil }
            return .success(connection)
        }
        if let immediate { return try immediate.get() }

        let ticket = CancellationTicket()
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Acquired, Never>) in
                wait(ticket, use, continuation, by: deadline)
            }
        } onCancel: {
            ticket.cancel()
            giveUp(ticket.id, PostgresError(.cancelled, "The task was cancelled while it waited for a connection."))
        }
        return try answer.get()
    }

    private func wait(
        _ ticket: CancellationTicket,
        _ use: PoolStateMachine.Use,
        _ continuation: CheckedContinuation<Acquired, Never>,
        by deadline: ContinuousClock.Instant
    ) {
        let now = ContinuousClock.now
        let (wake, isWaiting) = protected.withLock { protected in
            if protected.isClosed { return (Wake(acquired: [(continuation, .failure(Self.closed))]), false) }
            if ticket.isCancelled {
                let error = PostgresError(.cancelled, "The task was cancelled before it had a connection.")
                return (Wake(acquired: [(continuation, .failure(error))]), false)
            }
            protected.waiters[ticket.id] = continuation
            let wake = grant(protected.machine.acquire(ticket.id, use, now: now), &protected)
            return (wake, protected.waiters[ticket.id] != nil)
        }
        wake.perform()
        guard isWaiting else { return }
        IOThread.shared.send(
            .schedule(
                IOTimer(deadline: .now + (deadline - now)) { [weak self] in
                    guard let self else { return }
                    giveUp(ticket.id, outOfTime())
                }
            )
        )
    }

    private func outOfTime() -> PostgresError {
        let (error, open) = protected.withLock { ($0.lastConnectError, $0.machine.connectionCount) }
        if let error, open == 0 {
            return PostgresError(
                .poolTimeout,
                "The server cannot be reached: \(error.message)",
                fields: error.fields
            )
        }
        if open == 0 {
            return PostgresError(.poolTimeout, "The server has not been reached in time (is the pool being run?).")
        }
        return PostgresError(
            .poolTimeout,
            "All \(open) connections were busy until the time was up: use fewer or shorter transactions, or a larger pool."
        )
    }

    private func giveUp(_ waiter: PoolStateMachine.WaiterID, _ error: PostgresError) {
        let now = ContinuousClock.now
        protected.withLock { protected in
            let (wasWaiting, grants) = protected.machine.giveUp(waiter, now: now)
            var wake = grant(grants, &protected)
            if wasWaiting, let continuation = protected.waiters.removeValue(forKey: waiter) {
                wake.acquired.append((continuation, .failure(error)))
            }
            return wake
        }.perform()
    }

    private func release(_ connection: PostgresConnection, _ use: PoolStateMachine.Use) {
        let now = ContinuousClock.now
        let id = connection.driver.id
        protected.withLock { protected in
            var wake = grant(protected.machine.release(id, use, now: now), &protected)
            if protected.isClosed, protected.machine.isUnused(id),
                let drain = protected.drains.removeValue(forKey: id)
            {
                wake.drained.append(drain)
            }
            return wake
        }.perform()
    }

    private func grant(_ grants: [PoolStateMachine.Grant], _ protected: inout Protected) -> Wake {
        var wake = Wake()
        for grant in grants {
            guard let continuation = protected.waiters.removeValue(forKey: grant.waiter),
                let connection = protected.connections[grant.connection]
            else { preconditionFailure("granted to nobody: waiter \(grant.waiter)") }
            wake.acquired.append((continuation, .success(connection)))
        }
        return wake
    }
}
