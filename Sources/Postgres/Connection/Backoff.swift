/// How long to wait before trying again: doubled each time, with jitter, so that many do not come back at once. Pure.
struct Backoff: Sendable {
    private let initial: Duration
    private let limit: Duration
    private var current: Duration

    init(initial: Duration = .milliseconds(20), limit: Duration = .seconds(1)) {
        self.initial = initial
        self.limit = limit
        current = initial
    }

    /// Between half of the delay and all of it.
    mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        defer { current = min(limit, current * 2) }
        return current * Double.random(in: 0.5...1, using: &generator)
    }

    mutating func next() -> Duration {
        var generator = SystemRandomNumberGenerator()
        return next(using: &generator)
    }

    mutating func reset() {
        current = initial
    }
}
