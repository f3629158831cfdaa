/// What one connection owes to whom: the order of statements on the wire, whose answer comes next, which cancel may be
/// sent now, and what everybody is told when the connection is gone. Pure; the shell performs.
///
/// A statement that may have effects is followed by a sync of its own, so that an error stays with it. Its outcome is known
/// at that sync, not before: a deferred constraint may fail after the rows have come.
///
/// Statements that only read share a sync: to the server they are one transaction, one message to it and one from it. An
/// error undoes nothing, as there is nothing to undo, but the server skips what follows up to the sync: those are sent once
/// more, each with a sync of its own. What comes while others are under way waits for their answers, as in Nagle's
/// algorithm (RFC 896), so that a lone reader never waits and many share.
struct ConnectionStateMachine: Sendable {
    typealias RequestID = UInt64

    enum Mode: Sendable {
        /// Extended protocol, many under way.
        case pipelined
        /// The same, of a statement that only reads.
        case reading
        /// Simple protocol or COPY: alone on the connection, outside pipeline mode.
        case alone
    }

    enum SendAction: Equatable {
        /// With a sync after it.
        case pipelined(RequestID)
        /// Without: one comes later.
        case reading(RequestID)
        /// For those that went without.
        case sync
        case alone(RequestID)
    }

    /// What kind of failure an error is, as far as it matters here.
    enum Failure: Equatable, Sendable {
        /// The prepared statement is gone, or its plan no longer fits the schema.
        case staleStatement
        /// 57014: a cancel request hit it, or a timeout of the server's.
        case cancelled
        /// It was not executed: one before it, with the same sync, has failed.
        case skipped
        case other
    }

    enum Reply: Equatable {
        case success
        case failure(Failure)
        /// Not executed because of an error before it, with the same sync.
        case skipped
        /// The end of one message's results.
        case end
        /// The statement is over; `inTransaction` if an explicit transaction is open (failed or not).
        case sync(inTransaction: Bool)
    }

    enum Completion: Equatable {
        case succeeded
        case failed
        /// Did nothing, through no fault of its caller: it is at the head of the line again. `afresh` if it must be
        /// prepared anew.
        case repeated(afresh: Bool)
    }

    enum ReplyAction: Equatable {
        case none
        /// The head's prepared statement exists from here on.
        case prepared(RequestID)
        /// The head's result: its answer, if nothing worse follows.
        case keepResult(RequestID)
        /// The head's first error: its answer.
        case keepError(RequestID, whilePreparing: Bool)
        case complete(RequestID, Completion)
        /// An answer nobody asked for: the connection cannot be trusted any more.
        case violation
    }

    enum CancelAction: Equatable {
        /// Over already, or unknown.
        case none
        /// It was never sent: fail it.
        case failUnsent
        /// It is under way; `nextCancel()` tells when its turn has come.
        case underWay
    }

    private enum Step {
        case preparing
        case executing
        case syncing
    }

    private struct Waiting {
        let id: RequestID
        let mode: Mode
        var attempts = 0
        var wantsCancel = false
        /// Another's error has cost it one attempt.
        var hasBeenSkipped = false

        var sharesSync: Bool { mode == .reading && !hasBeenSkipped }
    }

    private struct InFlight {
        var request: Waiting
        var step: Step
        var failure: Failure?
        var hasResult = false
        /// A cancel request was sent while this was on the wire: it may hit this one instead of its target.
        var isExposed: Bool
        var cancelWasSent = false

        var id: RequestID { request.id }
        var sharesSync: Bool { request.sharesSync }
        /// The sync of those that share one.
        var isSync: Bool { id == InFlight.syncID }

        /// No request's: those count from 1.
        static let syncID: RequestID = 0
        static let sync = InFlight(request: Waiting(id: syncID, mode: .pipelined), step: .syncing, isExposed: false)
    }

    private enum Cancel {
        case idle
        /// A cancel request is on its way; nothing new is sent until it has arrived, lest it hit that instead.
        case running(target: RequestID, gateIsOpen: Bool)
    }

    private enum Life {
        case open
        case closing
        case closed
    }

    /// How many statements may be under way at once.
    let window: Int
    private var life = Life.open
    private var waiting = FIFO<Waiting>()
    private var inFlight = FIFO<InFlight>()
    private var isAlone = false
    /// How many were sent whose sync was not.
    private var unsynced = 0
    private var syncsUnderWay = 0
    /// The server skips everything up to the next sync.
    private var isSkipping = false
    private var isInTransaction = false
    private var cancel = Cancel.idle

    /// Of more, the first would wait for their answers too long.
    private static let readsPerSync = 64

    init(window: Int) {
        precondition(window > 0, "a connection needs room for one statement")
        self.window = window
    }

    var waitingCount: Int { waiting.count }
    var isIdle: Bool { inFlight.isEmpty && waiting.isEmpty }
    /// Nothing may happen before the shell closes the connection.
    var mayFinish: Bool { life == .closing && isIdle }
    var isOpen: Bool { life == .open }

    // MARK: Requests

    /// False if the connection takes nothing more.
    mutating func submit(_ id: RequestID, _ mode: Mode) -> Bool {
        guard life == .open else { return false }
        waiting.append(Waiting(id: id, mode: mode))
        return true
    }

    /// What to send now, if anything; it counts as sent. Call until nil.
    mutating func nextSend() -> SendAction? {
        guard life != .closed, !isAlone else { return nil }
        if case .running(_, gateIsOpen: false) = cancel { return nil }
        guard let next = waiting.first, inFlight.count < window else {
            return unsynced > 0 && syncsUnderWay == 0 ? sendSync() : nil
        }
        if unsynced > 0, !next.sharesSync || unsynced == Self.readsPerSync { return sendSync() }
        if next.sharesSync {
            takeFirst()
            unsynced += 1
            return .reading(next.id)
        }
        guard next.mode == .alone else {
            takeFirst()
            syncsUnderWay += 1
            return .pipelined(next.id)
        }
        guard inFlight.isEmpty else { return nil }
        takeFirst()
        isAlone = true
        return .alone(next.id)
    }

    private mutating func takeFirst() {
        var isExposed = false
        if case .running = cancel { isExposed = true }
        inFlight.append(InFlight(request: waiting.removeFirst(), step: .executing, isExposed: isExposed))
    }

    private mutating func sendSync() -> SendAction {
        inFlight.append(.sync)
        unsynced = 0
        syncsUnderWay += 1
        return .sync
    }

    /// The request just sent is prepared first: one more answer comes.
    mutating func lastSentIsPrepared() {
        precondition(!inFlight.isEmpty, "nothing was sent")
        inFlight.withLast { $0.step = .preparing }
    }

    // MARK: Answers

    /// The request whose answer comes next.
    var head: RequestID? { inFlight.first?.id }

    mutating func received(_ reply: Reply) -> ReplyAction {
        guard life != .closed, let head = inFlight.first else { return .violation }
        switch reply {
        case .success:
            guard head.failure == nil else { return .none }
            switch head.step {
            case .preparing: return .prepared(head.id)
            case .executing: return .keepResult(head.id)
            case .syncing: return .violation
            }
        case .failure(let failure):
            if case .running(let target, _) = cancel, failure == .cancelled, target == head.id {
                // It has hit its target: what follows is safe.
                cancel = .running(target: target, gateIsOpen: true)
            }
            guard !head.isSync, head.failure == nil else { return .none }
            isSkipping = !isAlone
            inFlight.withFirst { $0.failure = failure }
            return .keepError(head.id, whilePreparing: head.step == .preparing)
        case .skipped:
            guard head.failure == nil else { return .none }
            guard head.sharesSync, isSkipping else { return .violation }
            inFlight.withFirst { $0.failure = .skipped }
            return head.step == .preparing ? .keepError(head.id, whilePreparing: true) : .none
        case .end:
            if isAlone { return complete(inTransaction: true) }
            switch head.step {
            case .preparing: inFlight.withFirst { $0.step = .executing }
            case .executing where head.sharesSync: return complete(inTransaction: isInTransaction)
            case .executing: inFlight.withFirst { $0.step = .syncing }
            // libpq ends an error that comes with the sync like a statement's.
            case .syncing: break
            }
            return .none
        case .sync(let inTransaction):
            guard !isAlone else { return .violation }
            guard head.step == .syncing || head.failure != nil, !head.sharesSync else { return .violation }
            syncsUnderWay -= 1
            isSkipping = false
            isInTransaction = inTransaction
            guard !head.isSync else {
                _ = inFlight.removeFirst()
                return .none
            }
            return complete(inTransaction: inTransaction)
        }
    }

    private mutating func complete(inTransaction: Bool) -> ReplyAction {
        let head = inFlight.removeFirst()
        isAlone = false
        guard let failure = head.failure else { return .complete(head.id, .succeeded) }
        let mayRepeat = !inTransaction && !head.request.wantsCancel && head.request.attempts < 3
        switch failure {
        case .skipped:
            var request = head.request
            request.hasBeenSkipped = true
            waiting.prepend(request)
            return .complete(head.id, .repeated(afresh: false))
        case .staleStatement where mayRepeat && head.request.attempts == 0:
            repeatRequest(head.request)
            return .complete(head.id, .repeated(afresh: true))
        case .cancelled where mayRepeat && head.isExposed:
            // Meant for the statement before it.
            repeatRequest(head.request)
            return .complete(head.id, .repeated(afresh: false))
        default:
            return .complete(head.id, .failed)
        }
    }

    private mutating func repeatRequest(_ request: Waiting) {
        var request = request
        request.attempts += 1
        waiting.prepend(request)
    }

    // MARK: Cancelling

    /// Its caller no longer wants it.
    mutating func cancel(_ id: RequestID) -> CancelAction {
        if waiting.removeFirst(where: { $0.id == id }) != nil { return .failUnsent }
        let isThere = inFlight.withFirst(where: { $0.id == id }) { $0.request.wantsCancel = true }
        return isThere ? .underWay : .none
    }

    /// The statement for which a cancel request must be sent now: only the one that the server is executing can be hit.
    mutating func nextCancel() -> RequestID? {
        guard case .idle = cancel, let head = inFlight.first, head.request.wantsCancel, !head.cancelWasSent,
            head.failure == nil
        else { return nil }
        cancel = .running(target: head.id, gateIsOpen: false)
        inFlight.withFirst { $0.cancelWasSent = true }
        inFlight.mutateAll { $0.isExposed = true }
        return head.id
    }

    /// The cancel request has arrived (or failed to).
    mutating func cancelDelivered() {
        cancel = .idle
    }

    /// The cancel request takes too long: go on, at the risk that it hits another one.
    mutating func openGate() {
        if case .running(let target, _) = cancel { cancel = .running(target: target, gateIsOpen: true) }
    }

    /// The cancel request had no effect (it may have arrived before its statement): `nextCancel()` may return it again.
    mutating func cancelAgain(_ id: RequestID) {
        guard case .idle = cancel else { return }
        inFlight.withFirst(where: { $0.id == id }) { $0.cancelWasSent = false }
    }

    // MARK: The end

    /// Takes nothing more; what was accepted is finished.
    mutating func close() {
        if life == .open { life = .closing }
    }

    /// The connection is gone. Returns what was sent (fate unknown) and what was not.
    mutating func lost() -> (sent: [RequestID], unsent: [RequestID]) {
        life = .closed
        defer {
            inFlight.removeAll()
            waiting.removeAll()
            isAlone = false
            unsynced = 0
            syncsUnderWay = 0
        }
        return (inFlight.map(\.id).filter { $0 != InFlight.syncID }, waiting.map(\.id))
    }
}
