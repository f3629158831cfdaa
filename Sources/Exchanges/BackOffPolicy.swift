/// How long to wait before trying again: twice as long each time up to a limit, with jitter, so that many who lost the same
/// thing at once do not all come back at once.
package struct BackOffPolicy: Sendable, Hashable {
    /// The longest wait before the first repetition.
    package var initial: Duration
    package var maximum: Duration

    package init(initial: Duration = .milliseconds(100), maximum: Duration = .seconds(10)) {
        self.initial = initial
        self.maximum = maximum
    }

    /// The delay before repetition `attempt` (from 1): between half of its full length and all of it.
    package func delay(attempt: Int) -> Duration {
        var generator = SystemRandomNumberGenerator()
        return delay(attempt: attempt, using: &generator)
    }

    func delay(attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration {
        guard attempt > 0 else { return .zero }
        let full = min(initial * (1 << min(attempt - 1, 20)), maximum)
        return full * Int.random(in: 500...1000, using: &generator) / 1000
    }
}
