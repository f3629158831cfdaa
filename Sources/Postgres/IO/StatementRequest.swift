import Synchronization

/// One caller's request on its way to the I/O thread, which alone resumes the continuation, exactly once.
final class StatementRequest: Sendable {
    enum Work: Sendable {
        case statement(PostgresStatement)
        /// Several statements, simple protocol.
        case script(String)
        case copyOut(String, CopyOutChannel)
        case copyIn(String, CopyInChannel)

        var text: String {
            switch self {
            case .statement(let statement): statement.sql
            case .script(let text), .copyOut(let text, _), .copyIn(let text, _): text
            }
        }
    }

    typealias Answer = Result<PostgresResult, PostgresError>

    // That a caller is resumed exactly once is the state machine's promise, which every test run checks. The check
    // allocates for every statement, so release builds do without.
    #if DEBUG
        typealias Continuation = CheckedContinuation<Answer, Never>
    #else
        typealias Continuation = UnsafeContinuation<Answer, Never>
    #endif

    /// Suspends the caller until its request is answered.
    static func answer(_ body: (Continuation) -> Void) async -> Answer {
        #if DEBUG
            await withCheckedContinuation(body)
        #else
            await withUnsafeContinuation(body)
        #endif
    }

    let id: UInt64
    let work: Work
    let deadline: Moment?
    private let ticket: CancellationTicket
    private let continuation: Continuation

    init(
        work: Work,
        deadline: Moment?,
        ticket: CancellationTicket,
        continuation: Continuation
    ) {
        id = ticket.id
        self.work = work
        self.deadline = deadline
        self.ticket = ticket
        self.continuation = continuation
    }

    var isCancelled: Bool { ticket.isCancelled }

    var mode: ConnectionStateMachine.Mode {
        switch work {
        case .statement(let statement): statement.onlyReads ? .reading : .pipelined
        case .script, .copyOut, .copyIn: .alone
        }
    }

    var text: String { work.text }

    var isCopyIn: Bool {
        if case .copyIn = work { true } else { false }
    }

    func answer(_ answer: Answer) {
        continuation.resume(returning: answer)
    }
}

/// Lets a task's cancellation find its request, whichever of the two reaches the I/O thread first.
final class CancellationTicket: Sendable {
    private static let lastID = Atomic<UInt64>(0)

    let id: UInt64
    private let flag = Atomic<Bool>(false)

    init() {
        id = Self.lastID.wrappingAdd(1, ordering: .relaxed).newValue
    }

    var isCancelled: Bool { flag.load(ordering: .acquiring) }

    func cancel() {
        flag.store(true, ordering: .releasing)
    }
}
