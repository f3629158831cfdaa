import Synchronization

/// Tells any number of tasks that a connection is closed, and why.
final class ClosedSignal: Sendable {
    enum State: Sendable {
        case open
        /// Closed by its owner (nil), or lost.
        case closed(PostgresError?)
    }

    private struct Protected {
        var state = State.open
        var waiters: [UInt64: CheckedContinuation<PostgresError?, Never>] = [:]
    }

    private let protected = Mutex(Protected())

    var state: State { protected.withLock { $0.state } }

    func fire(_ reason: PostgresError?) {
        let waiters = protected.withLock { protected in
            guard case .open = protected.state else {
                return [:] as [UInt64: CheckedContinuation<PostgresError?, Never>]
            }
            protected.state = .closed(reason)
            defer { protected.waiters = [:] }
            return protected.waiters
        }
        for waiter in waiters.values { waiter.resume(returning: reason) }
    }

    /// Returns nil if the owner closed it, or the waiting task was cancelled.
    func wait() async -> PostgresError? {
        let ticket = CancellationTicket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: PostgresError?? = protected.withLock { protected in
                    if case .closed(let reason) = protected.state { return .some(reason) }
                    if ticket.isCancelled { return .some(nil) }
                    protected.waiters[ticket.id] = continuation
                    return .none
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            ticket.cancel()
            protected.withLock { $0.waiters.removeValue(forKey: ticket.id) }?.resume(returning: nil)
        }
    }
}
