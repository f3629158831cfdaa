import Synchronization

/// Makes strategies wait for their turn to catch up with one exchange: performs what ``StartQueue`` decides. So thousands that
/// come at once do not fill the exchange's own queue, in which all are equal and which refuses whoever waits too long.
final class StartGate: Sendable {
    private struct State {
        var queue: StartQueue
        var lastID = 0
        var waiters: [StartQueue.ID: CheckedContinuation<Bool, Never>] = [:]
    }

    /// Most strategies ask for nothing of their own, so many may begin together; and those with something at stake, which go
    /// before the others, find a short queue at the exchange in any case.
    static let limit = 1_024

    private let state: Mutex<State>

    init(limit: Int = StartGate.limit) {
        state = Mutex(State(queue: StartQueue(limit: limit)))
    }

    /// Those who have not been let in.
    var waiting: Int { state.withLock { $0.waiters.count } }

    /// Returns when it may begin. The place is given up by ``Place/leave()``.
    ///
    /// - Throws: `CancellationError`.
    func enter(isExposed: Bool) async throws -> Place {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let isInside = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    if Task.isCancelled { return false }
                    if state.queue.enter(id, isExposed: isExposed) { return true }
                    state.waiters[id] = continuation
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.queue.withdraw(id) ? state.waiters.removeValue(forKey: id) : nil
            }
            waiter?.resume(returning: false)
        }
        guard isInside else { throw CancellationError() }
        return Place(gate: self)
    }

    private func leave() {
        let next = state.withLock { state in state.queue.leave().flatMap { state.waiters.removeValue(forKey: $0) } }
        next?.resume(returning: true)
    }

    /// A place inside, for one.
    final class Place: Sendable {
        private let gate: StartGate
        private let isTaken = Atomic(true)

        fileprivate init(gate: StartGate) {
            self.gate = gate
        }

        /// Any call but the first does nothing.
        func leave() {
            if isTaken.exchange(false, ordering: .relaxed) { gate.leave() }
        }
    }
}
