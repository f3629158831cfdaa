import Synchronization

/// Passes notifications of the channel `tenure` on to the requests that wait for a strategy to change.
///
/// One listener for the whole process feeds it with ``publish(_:)``. A notification only wakes: what is true is asked of
/// the database. So a lost one costs time, never correctness.
package final class ChangeSignal: Sendable {
    private struct Waiter {
        let strategy: Int64
        let wake: AsyncStream<Void>.Continuation
    }

    private struct State {
        var waiters: [UInt64: Waiter] = [:]
        var nextToken: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Takes the payload of a notification: `<kind> <strategy id> …`.
    package func publish(_ payload: String) {
        let words = payload.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, let strategy = Int64(words[1]) else { return }
        wake { $0.strategy == strategy }
    }

    /// Wakes everybody: after the listener was disconnected, anything may have been missed.
    package func publishAll() {
        wake { _ in true }
    }

    private func wake(where matches: (Waiter) -> Bool) {
        let woken = state.withLock { $0.waiters.values.filter(matches) }
        for waiter in woken { waiter.wake.yield() }
    }

    /// Asks at once, after every notification about the strategy, and at least every `interval`, until there is an answer.
    ///
    /// - Returns: The answer, or nil if there was none within `limit`.
    /// - Throws: What `ask` throws.
    func firstAnswer<Answer: Sendable>(
        about strategy: Int64,
        within limit: Duration,
        every interval: Duration,
        _ ask: () async throws -> Answer?
    ) async throws -> Answer? {
        // One pending wake-up is enough: the question that follows sees everything that happened before it.
        let (wakeUps, wake) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let token = add(Waiter(strategy: strategy, wake: wake))
        defer { remove(token) }
        let deadline = ContinuousClock.now + limit
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                repeat {
                    let rest = ContinuousClock.now.duration(to: deadline)
                    try? await Task.sleep(for: max(.zero, min(interval, rest)), tolerance: .zero)
                    wake.yield()
                } while ContinuousClock.now < deadline && !Task.isCancelled
                wake.finish()
            }
            if let answer = try await ask() { return answer }
            for await _ in wakeUps {
                if let answer = try await ask() { return answer }
            }
            return nil
        }
    }

    private func add(_ waiter: Waiter) -> UInt64 {
        state.withLock { state in
            state.nextToken += 1
            state.waiters[state.nextToken] = waiter
            return state.nextToken
        }
    }

    private func remove(_ token: UInt64) {
        state.withLock { $0.waiters[token] = nil }
    }

    /// How many requests wait.
    var waiting: Int { state.withLock { $0.waiters.count } }
}
