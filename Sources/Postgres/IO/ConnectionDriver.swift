internal import CLibPQ
import Glibc
import Logging
import Synchronization

/// The shell around one `PGconn`: performs what the state machine says.
///
/// Whoever has the lock acts: the I/O thread reads; a caller sends its statement itself if the lock is free, so that the
/// statement is on its way before the I/O thread could have woken up.
///
/// Unchecked: all mutable state, the `PGconn` included, is touched under the lock only (see `locked` and `submitNow`).
final class ConnectionDriver: @unchecked Sendable {
    static let statementCacheCapacity = 256
    static let window = 128
    /// Closing waits for what is under way for at most this long.
    static let closeLimit = Duration.seconds(5)
    private static let lastID = Atomic<UInt64>(0)

    /// A caller that goes on as soon as the lock is released.
    enum Resumption: Sendable {
        case statement(StatementRequest, StatementRequest.Answer)
        /// A closure, as a checked continuation inside would make copies of this type slow.
        case copy(@Sendable () -> Void)

        func perform() {
            switch self {
            case .statement(let request, let answer): request.answer(answer)
            case .copy(let action): action()
            }
        }
    }

    private let lock = Mutex<Void>(())
    private var resumptions: [Resumption] = []
    /// The I/O thread's own: whether it has this driver in its list of those to be pumped.
    var isTouched = false

    let id: UInt64
    let logger: Logger
    let closed = ClosedSignal()
    let onNotification: (@Sendable (PostgresNotification) -> Void)?

    var connection: OpaquePointer?
    private var epoll: Int32 = -1
    private var socket: Int32 = -1
    private var reads = true
    private var writes = false
    /// What epoll has been told.
    private var watched: UInt32 = 0
    private var readsTLS = false
    /// Behind a pooler each transaction may meet another backend: nothing is prepared under a name, and nothing is
    /// pipelined, as poolers lose count of several syncs.
    let isPooled: Bool
    var machine: ConnectionStateMachine
    var pending: [UInt64: PendingRequest] = [:]
    var cache = PreparedStatementCache(capacity: ConnectionDriver.statementCacheCapacity)
    /// The head's answer so far.
    var headResult: PostgresResult?
    var headError: PostgresError?
    /// Whether the head's prepared statement is of no more use.
    var headIsStale = false
    /// The head is a COPY whose data flows.
    var copying: Copying?
    /// Prepared statements that the server is to forget, by the request that tells it.
    var deallocations: [UInt64: String] = [:]
    /// The first thing a dying server said.
    var lastWords: PostgresError?
    var nextDeadline: Moment?
    /// Whether an explicit transaction is open; other threads may look, once they have their answer.
    let inTransaction = Atomic<Bool>(false)
    private var isStarted = false
    var closingSince: Moment?
    var cancelStartedAt: Moment?
    private(set) var isFinished = false

    /// Takes over an established connection; from `adopt` on it belongs to the I/O thread.
    init(
        connection: OpaquePointer,
        isPooled: Bool,
        logger: Logger,
        onNotification: (@Sendable (PostgresNotification) -> Void)?
    ) {
        id = Self.lastID.wrappingAdd(1, ordering: .relaxed).newValue
        self.connection = connection
        self.isPooled = isPooled
        machine = ConnectionStateMachine(window: isPooled ? 1 : Self.window)
        self.logger = logger
        self.onNotification = onNotification
    }

    func start(epoll: Int32) {
        guard let connection else { return }
        self.epoll = epoll
        _ = PQsetNoticeReceiver(
            connection,
            { context, result in
                Unmanaged<ConnectionDriver>.fromOpaque(context!).takeUnretainedValue().noticed(result!)
            },
            // The driver outlives the connection: it closes it.
            Unmanaged.passUnretained(self).toOpaque()
        )
        guard PQsetnonblocking(connection, 1) == 0, PQenterPipelineMode(connection) == 1 else {
            return lose(PostgresError(.connection, "libpq cannot use the connection: \(libpqMessage)"))
        }
        socket = PQsocket(connection)
        readsTLS = PQsslInUse(connection) != 0
        watch()
        isStarted = true
    }

    // MARK: The lock

    /// Runs `body` with the lock, then resumes the callers whose turn has come by it.
    ///
    /// - Parameter buffer: empty storage for them, kept by the caller to be used again.
    func locked(_ buffer: inout [Resumption], _ body: (ConnectionDriver) -> Void) {
        lock.withLock { _ in
            body(self)
            if !resumptions.isEmpty { swap(&resumptions, &buffer) }
        }
        for resumption in buffer { resumption.perform() }
        buffer.removeAll(keepingCapacity: true)
    }

    /// What the I/O thread has to know of it.
    var schedule: (nextDeadline: Moment?, isFinished: Bool) {
        lock.withLock { _ in (nextDeadline, isFinished) }
    }

    /// Sends a statement from the calling thread. False if somebody else has the lock, or the connection is not ready:
    /// then it is the I/O thread's.
    func submitNow(_ request: StatementRequest) -> Bool {
        var due: [Resumption] = []
        var mustWake = false
        let isDone: Bool? = lock.withLockIfAvailable { _ in
            guard isStarted, !isFinished else { return false }
            let before = nextDeadline
            submit(request)
            send()
            mustWake = isFinished || nextDeadline != before
            swap(&resumptions, &due)
            return true
        }
        guard isDone == true else { return false }
        for resumption in due { resumption.perform() }
        // It sleeps until the deadline it knows of.
        if mustWake { IOThread.shared.send(.look(self)) }
        return true
    }

    func resume(_ resumption: Resumption) {
        resumptions.append(resumption)
    }

    func answer(_ request: StatementRequest, _ answer: StatementRequest.Answer) {
        resume(.statement(request, answer))
    }

    var libpqMessage: String {
        guard let connection, let text = PQerrorMessage(connection) else { return "" }
        return ConnectionMessage(String(cString: text)).text
    }

    // MARK: Commands

    func submit(_ request: StatementRequest) {
        guard !request.isCancelled else {
            return answer(request, .failure(Self.unsent(request, .cancelled)))
        }
        if let deadline = request.deadline, deadline <= .now {
            return answer(request, .failure(Self.unsent(request, .timeout)))
        }
        guard machine.submit(request.id, request.mode) else {
            return answer(request, .failure(refusal.with(query: request.text)))
        }
        pending[request.id] = PendingRequest(request)
        if let deadline = request.deadline { wake(at: deadline) }
    }

    /// Why nothing is accepted any more.
    private var refusal: PostgresError {
        if case .closed(let reason?) = closed.state {
            return reason.with(code: .connection, mayHaveBeenApplied: false, query: nil)
        }
        return PostgresError(.closed, "The connection was closed; open another one.")
    }

    func close() {
        machine.close()
        guard closingSince == nil, !isFinished else { return }
        let now = Moment.now
        closingSince = now
        wake(at: now + Self.closeLimit)
    }

    /// Its deadlines are looked at then, if not before.
    func wake(at deadline: Moment) {
        if nextDeadline.map({ deadline < $0 }) ?? true { nextDeadline = deadline }
    }

    // MARK: The socket

    func socketIsReady() {
        guard let connection, !isFinished, reads else { return }
        // A TLS record may be larger than what libpq reads at once, and the rest would sit unseen in the TLS library.
        for _ in 0..<(readsTLS ? 3 : 1) where PQconsumeInput(connection) == 0 {
            readReplies()
            return lose(lastWords ?? PostgresError(.connection, "The connection was lost: \(libpqMessage)"))
        }
    }

    /// Reads what has come, sends what may be sent, until neither gets any further.
    func pump() {
        repeat {
            repeat { readReplies() } while sendWaiting()
            flush()
        } while hasUnreadReply
    }

    /// Sends what may be sent; reading is left to the I/O thread, which the socket tells when.
    private func send() {
        guard sendWaiting() else { return }
        flush()
        if hasUnreadReply { pump() }
    }

    private func flush() {
        guard let connection, !isFinished else { return }
        let flushed = PQflush(connection)
        guard flushed >= 0 else {
            // The server may have said why before it hung up.
            _ = PQconsumeInput(connection)
            readReplies()
            return lose(lastWords ?? PostgresError(.connection, "The connection was lost: \(libpqMessage)"))
        }
        guard PQstatus(connection) == CONNECTION_OK else {
            return lose(lastWords ?? PostgresError(.connection, "The connection was lost: \(libpqMessage)"))
        }
        watch(writing: flushed == 1)
        while let target = machine.nextCancel() { sendCancel(target) }
        if machine.mayFinish { finish(nil) }
    }

    /// What the I/O thread is to be told of the socket; what is not given stays.
    func watch(reading: Bool? = nil, writing: Bool? = nil) {
        reads = reading ?? reads
        writes = writing ?? writes
        let wanted = (reads ? EPOLLIN.rawValue : 0) | (writes ? EPOLLOUT.rawValue : 0)
        guard wanted != watched else { return }
        var event = epoll_event()
        event.events = wanted
        event.data.u64 = id
        // With no events at all it would still tell of a lost connection, again and again.
        let operation = watched == 0 ? EPOLL_CTL_ADD : wanted == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD
        watched = wanted
        guard epoll_ctl(epoll, operation, socket, &event) == 0 else {
            return lose(PostgresError(.connection, "The connection's socket cannot be watched: errno \(errno)."))
        }
    }

    // MARK: Answers

    /// The result is the head's, whose statement is over.
    func complete(_ id: UInt64, _ completion: ConnectionStateMachine.Completion) {
        let result = headResult
        let error = headError
        let isStale = headIsStale
        headResult = nil
        headError = nil
        headIsStale = false
        // Statements of the driver's own have no entry.
        guard let index = pending.index(forKey: id) else { return }
        let entry = pending.values[index]
        if isStale, let prepared = entry.prepared {
            cache.forget(prepared.key, name: prepared.name)
            // A plan that no longer fits is still there, under a name that is never used again.
            if error?.sqlState == "0A000", !prepared.name.isEmpty { deallocate(prepared.name) }
        }
        if case .repeated = completion { return }
        pending.remove(at: index)
        guard !entry.isAbandoned else { return }
        if let error {
            answer(entry.request, .failure(outcome(of: error, entry)))
        } else if let result {
            answer(entry.request, .success(result))
        } else {
            lose(PostgresError(.connection, "The server ended a statement without an answer."))
        }
    }

    private func outcome(of error: PostgresError, _ entry: PendingRequest) -> PostgresError {
        let text = entry.request.text
        guard error.sqlState == "57014", let reason = entry.cancelReason else { return error.with(query: text) }
        return switch reason {
        case .timeout: error.with(code: .timeout, message: "The statement's time was up; it did nothing.", query: text)
        case .cancelled:
            error.with(code: .cancelled, message: "The statement was cancelled; it did nothing.", query: text)
        }
    }

    static func unsent(_ request: StatementRequest, _ reason: PendingRequest.CancelReason) -> PostgresError {
        switch reason {
        case .timeout: PostgresError(.timeout, "The time was up before the statement was sent.", query: request.text)
        case .cancelled:
            PostgresError(.cancelled, "The task was cancelled before the statement was sent.", query: request.text)
        }
    }

    // MARK: The end

    /// The connection is gone: everybody waiting is told what is known of their statement.
    func lose(_ reason: PostgresError) {
        guard !isFinished else { return }
        let orphans = machine.lost()
        for id in orphans.unsent {
            guard let entry = pending.removeValue(forKey: id), !entry.isAbandoned else { continue }
            answer(
                entry.request,
                .failure(reason.with(code: .connection, mayHaveBeenApplied: false, query: entry.request.text))
            )
        }
        for id in orphans.sent {
            guard let entry = pending.removeValue(forKey: id), !entry.isAbandoned else { continue }
            let message = "The connection was lost before the statement's answer came: \(reason.message)"
            answer(
                entry.request,
                .failure(reason.with(code: .unknownOutcome, message: message, query: entry.request.text))
            )
        }
        finish(reason)
    }

    private func finish(_ reason: PostgresError?) {
        guard !isFinished else { return }
        isFinished = true
        nextDeadline = nil
        headResult = nil
        headError = nil
        copying = nil
        if let connection {
            if watched != 0 { epoll_ctl(epoll, EPOLL_CTL_DEL, socket, nil) }
            self.connection = nil
            PQfinish(connection)
        }
        machine.close()
        _ = machine.lost()
        closed.fire(reason)
    }

    /// Whether an explicit transaction is open, as of the statement that has just ended.
    func transactionIsOpen() -> Bool {
        guard let connection else { return false }
        switch PQtransactionStatus(connection) {
        case PQTRANS_IDLE: inTransaction.store(false, ordering: .releasing)
        case PQTRANS_INTRANS, PQTRANS_INERROR: inTransaction.store(true, ordering: .releasing)
        // libpq does not say while more answers are due; callers share a connection outside transactions only.
        default: break
        }
        return inTransaction.load(ordering: .relaxed)
    }
}
