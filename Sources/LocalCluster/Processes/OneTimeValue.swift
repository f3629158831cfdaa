import Synchronization

/// A value that is set once and can be waited for by any number of tasks.
final class OneTimeValue<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var nextWaiter = 0
        var waiters: [Int: CheckedContinuation<Value?, Never>] = [:]
    }

    private let state = Mutex(State())

    /// The value, if it has been set.
    var current: Value? {
        state.withLock { $0.value }
    }

    /// Sets the value and wakes everyone who waits for it. Only the first call counts.
    func set(_ value: Value) {
        let waiters = state.withLock { state in
            guard state.value == nil else { return [CheckedContinuation<Value?, Never>]() }
            state.value = value
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters {
            waiter.resume(returning: value)
        }
    }

    /// Waits until the value is set.
    ///
    /// - Throws: `CancellationError` when the task is cancelled before that.
    func wait() async throws -> Value {
        let ticket = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        let value = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (isAnswered, value) = state.withLock { state -> (Bool, Value?) in
                    if let value = state.value { return (true, value) }
                    // The handler below may have run before the continuation existed.
                    if Task.isCancelled { return (true, nil) }
                    state.waiters[ticket] = continuation
                    return (false, nil)
                }
                if isAnswered { continuation.resume(returning: value) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: ticket) }
            waiter?.resume(returning: nil)
        }
        guard let value else { throw CancellationError() }
        return value
    }

    /// Waits until the value is set, at most for `limit`; nil after that.
    ///
    /// - Throws: `CancellationError` when the task is cancelled before that.
    func wait(atMost limit: Duration) async throws -> Value? {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await self.wait() }
            group.addTask {
                try await Task.sleep(for: limit, clock: .continuous)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
    }
}
