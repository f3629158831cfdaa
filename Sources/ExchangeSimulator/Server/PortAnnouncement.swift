import Synchronization

/// Lets callers wait until the server is bound.
final class PortAnnouncement: Sendable {
    private struct State {
        var outcome: Result<Int, SimulatorError>?
        var nextID = 0
        var waiting: [Int: CheckedContinuation<Int, any Error>] = [:]
    }

    private let state = Mutex(State())

    /// Replaces what was announced before, and wakes everybody who waits.
    func announce(_ outcome: Result<Int, SimulatorError>) {
        let waiting = state.withLock { state in
            state.outcome = outcome
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for continuation in waiting { continuation.resume(with: outcome.mapError { $0 }) }
    }

    var port: Int {
        get async throws {
            let id = state.withLock { state in
                state.nextID += 1
                return state.nextID
            }
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    let outcome: Result<Int, any Error>? = state.withLock { state in
                        // Cancelled before this point, the handler below found nothing to resume.
                        if Task.isCancelled { return .failure(CancellationError()) }
                        if let outcome = state.outcome { return outcome.mapError { $0 } }
                        state.waiting[id] = continuation
                        return nil
                    }
                    if let outcome { continuation.resume(with: outcome) }
                }
            } onCancel: {
                let continuation = state.withLock { $0.waiting.removeValue(forKey: id) }
                continuation?.resume(throwing: CancellationError())
            }
        }
    }
}
