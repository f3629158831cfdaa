package import Logging
import Postgres
package import Store
import Synchronization

/// The event log as this replica's readers see it: one look at the database serves them all.
///
/// A reader keeps nothing here but its place in the log, so a slow one costs no memory: it finds what it missed in the last
/// events kept here, or else in the database. While nobody reads, the database is not asked.
package final class EventFeed: Sendable {
    /// What is next for a reader.
    enum Next {
        case events([ListedEvent])
        /// So far behind that it must read the database, up to this event.
        case stored(upTo: Int64)
        case nothing
        /// The log is another one now (a database that lost its last commits): go on from this position.
        case moved(to: Int64)
    }

    /// One reader, from ``open(dropping:)`` to ``close(_:)``.
    struct Reader {
        let token: Int
        /// Yields when there may be something new, and now and then.
        let wakeUps: AsyncStream<Void>
        /// How often the log had been replaced when the reader came or was last told.
        var generation: Int
    }

    private struct Open {
        let wake: AsyncStream<Void>.Continuation
        let drop: @Sendable () -> Void
        var writingSince: ContinuousClock.Instant?
    }

    private struct State {
        var readers: [Int: Open] = [:]
        var nextToken = 0
        /// Nil while nobody reads.
        var order: EventOrder?
        /// The last events, ascending.
        var recent: [ListedEvent] = []
        /// Everything after this position is in `recent`.
        var recentBegins: Int64 = 0
        var generation = 0
        var mustCheck = false
    }

    private let queries: StrategyQueries
    private let writeLimit: Duration
    private let logger: Logger
    private let state = Mutex(State())
    private let looks: AsyncStream<Void>
    private let look: AsyncStream<Void>.Continuation

    /// Most of what happens is announced; orders and fills are not.
    private static let interval = Duration.milliseconds(250)
    private static let page = 500
    private static let kept = 2_000
    private static let mostReaders = 1_000

    /// - Parameter writeLimit: a reader that takes nothing for so long is dropped.
    package init(queries: StrategyQueries, writeLimit: Duration = .seconds(30), logger: Logger) {
        self.queries = queries
        self.writeLimit = writeLimit
        self.logger = logger
        (looks, look) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Something has happened.
    package func announce() {
        look.yield()
    }

    /// The listener was away: the database may be another one.
    package func reconnected() {
        state.withLock { $0.mustCheck = true }
        look.yield()
    }

    /// Reads the log for as long as there are readers. Ends when the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    // Ends early when cancelled, as the loop does then.
                    try? await Task.sleep(for: Self.interval)
                    self.dropStuckReaders()
                    self.look.yield()
                }
            }
            for await _ in looks where state.withLock({ !$0.readers.isEmpty }) {
                await read()
            }
            group.cancelAll()
        }
    }

    // MARK: Readers

    /// Whether another reader may come.
    var hasRoom: Bool { state.withLock { $0.readers.count < Self.mostReaders } }

    /// - Parameter drop: ends the reader's connection, which does not take what is sent.
    func open(dropping drop: @escaping @Sendable () -> Void) -> Reader {
        let (wakeUps, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        defer { announce() }
        return state.withLock { state in
            state.nextToken += 1
            state.readers[state.nextToken] = Open(wake: wake, drop: drop)
            return Reader(token: state.nextToken, wakeUps: wakeUps, generation: state.generation)
        }
    }

    func close(_ reader: Reader) {
        state.withLock { state in
            state.readers.removeValue(forKey: reader.token)?.wake.finish()
            guard state.readers.isEmpty else { return }
            state.order = nil
            state.recent = []
        }
    }

    /// Ends the loop of a reader: the server is shutting down.
    func end(_ token: Int) {
        state.withLock { $0.readers[token]?.wake.finish() }
    }

    /// To be called before and after each write, so that one that never ends is noticed.
    func isWriting(_ reader: Reader, _ isWriting: Bool) {
        state.withLock { $0.readers[reader.token]?.writingSince = isWriting ? .now : nil }
    }

    func next(_ reader: inout Reader, after position: Int64) -> Next {
        state.withLock { state in
            guard let order = state.order else { return .nothing }
            if reader.generation != state.generation {
                reader.generation = state.generation
                if position > order.position { return .moved(to: order.position) }
            }
            guard position < order.position else { return .nothing }
            guard position >= state.recentBegins else { return .stored(upTo: order.position) }
            let first = state.recent.firstIndex { $0.id > position } ?? state.recent.endIndex
            return .events(Array(state.recent[first...]))
        }
    }

    private func dropStuckReaders() {
        let now = ContinuousClock.now
        let stuck = state.withLock { state in
            state.readers.values.filter { $0.writingSince.map { now - $0 > writeLimit } ?? false }
        }
        for reader in stuck {
            logger.warning("A reader of the event stream was dropped: it took nothing for \(writeLimit)")
            reader.drop()
        }
    }

    // MARK: The log

    private func read() async {
        do {
            try await begin()
            while let order = state.withLock({ $0.order }) {
                let tail = try await queries.eventTail(after: order.position, limit: Self.page)
                // Alone in changing the order, so it is still the one that was read for, or there is nobody left.
                let isMore = take(tail)
                guard isMore else { break }
            }
        } catch {
            // Readers notice nothing but that it takes longer; the next look is due in a moment.
            if !Task.isCancelled { logger.debug("The event log could not be read", metadata: ["error": "\(error)"]) }
        }
        for reader in state.withLock({ Array($0.readers.values) }) { reader.wake.yield() }
    }

    /// Finds where to begin, for the first reader; and after a reconnection, whether the log is still the same.
    private func begin() async throws {
        let (position, mustCheck) = state.withLock { ($0.order?.position, $0.mustCheck) }
        if let position {
            guard mustCheck else { return }
            let last = try await queries.lastEvent()
            state.withLock { $0.mustCheck = false }
            if last >= position { return }
        }
        let start = try await queries.eventStart()
        state.withLock { state in
            guard !state.readers.isEmpty else { return }
            if position != nil { state.generation += 1 }
            state.order = EventOrder(position: start)
            state.recent = []
            state.recentBegins = start
        }
    }

    /// - Returns: Whether there may be more at once.
    private func take(_ tail: EventTail) -> Bool {
        state.withLock { state in
            guard let events = state.order?.next(in: tail) else { return false }
            state.recent += events
            if state.recent.count > Self.kept {
                let extra = state.recent.count - Self.kept / 2
                state.recentBegins = state.recent[extra - 1].id
                state.recent.removeFirst(extra)
            }
            return events.count == Self.page
        }
    }
}
