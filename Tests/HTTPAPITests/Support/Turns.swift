import Synchronization

/// Lets a few tests at a time use the database: each has one of its own, with connections and a listener, and all of them
/// together would only measure the machine.
final class Turns: Sendable {
    static let shared = Turns(4)

    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) {
        state = Mutex(State(free: count))
    }

    func withTurn(_ body: () async throws -> Void) async throws {
        await withCheckedContinuation { continuation in
            let mine = state.withLock { state in
                guard state.free == 0 else {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if mine { continuation.resume() }
        }
        defer { pass() }
        try await body()
    }

    private func pass() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.free += 1
            return nil
        }
        next?.resume()
    }
}
