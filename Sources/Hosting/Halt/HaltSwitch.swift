import Metrics
package import Store
import Synchronization

/// What this replica knows of the halt of all trading. It makes a halt quick; what makes it certain is the commit of an order,
/// which asks the database.
package final class HaltSwitch: Sendable {
    private struct State {
        var halt: TradingHalt?
        /// Orders that are being sent now.
        var sending = 0
        /// Wait until none is.
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// Before anything is known it is not halted: the database refuses what must not be.
    package var isHalted: Bool { state.withLock { $0.halt?.isHalted ?? false } }

    /// What is known; `nil`: nothing yet.
    package var known: TradingHalt? { state.withLock { $0.halt } }

    func set(_ halt: TradingHalt) { state.withLock { $0.halt = halt } }

    /// Sends something, unless trading is halted: then `nil`.
    func sending<Answer: Sendable>(_ send: () async -> Answer) async -> Answer? {
        let isOpen = state.withLock { state in
            guard state.halt?.isHalted != true else { return false }
            state.sending += 1
            return true
        }
        guard isOpen else { return nil }
        defer {
            let waiters = state.withLock { state in
                state.sending -= 1
                guard state.sending == 0 else { return [] as [CheckedContinuation<Void, Never>] }
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }
        return await send()
    }

    /// Returns when nothing is being sent. While trading is halted nothing is begun, so it comes to that.
    func waitUntilQuiet() async {
        await withCheckedContinuation { continuation in
            let isQuiet = state.withLock { state in
                if state.sending > 0 { state.waiters.append(continuation) }
                return state.sending == 0
            }
            if isQuiet { continuation.resume() }
        }
    }
}
