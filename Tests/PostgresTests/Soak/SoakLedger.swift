import Synchronization

/// What the callers of a soak did, and what they were told.
final class SoakLedger: Sendable {
    private struct Protected {
        var lastNumber = 0
        var faults = 0
        var calls = 0
        var failures: [String: Int] = [:]
        var confirmed: Set<Int> = []
        var refused: Set<Int> = []
        var longest = Duration.zero
    }

    private let protected = Mutex(Protected())

    /// A number that nobody else has, nor the one after it.
    func nextNumber() -> Int {
        protected.withLock { protected in
            protected.lastNumber += 2
            return protected.lastNumber
        }
    }

    func countFault() {
        protected.withLock { $0.faults += 1 }
    }

    func ended(after duration: Duration, failure: String?) {
        protected.withLock { protected in
            protected.calls += 1
            protected.longest = max(protected.longest, duration)
            if let failure { protected.failures[failure, default: 0] += 1 }
        }
    }

    /// The mark was made.
    func confirm(_ number: Int) {
        protected.withLock { _ = $0.confirmed.insert(number) }
    }

    /// The mark was certainly not made.
    func refuse(_ number: Int) {
        protected.withLock { _ = $0.refused.insert(number) }
    }

    var confirmed: Set<Int> { protected.withLock { $0.confirmed } }
    var refused: Set<Int> { protected.withLock { $0.refused } }

    var summary: String {
        protected.withLock { protected in
            let failures = protected.failures.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
            return """
                \(protected.faults) faults, \(protected.calls) calls, the longest \(protected.longest); \(protected.confirmed.count) marks confirmed, \
                \(protected.refused.count) refused; failures: \(failures.joined(separator: ", "))
                """
        }
    }
}
