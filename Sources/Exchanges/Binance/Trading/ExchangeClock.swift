import Trading

/// Estimates the exchange's clock from when it last told the time. Pure: instants come from outside.
///
/// An answer is true for some moment between request and answer; the middle is taken. What was told over a shorter round trip is
/// closer to the truth, and is preferred as long as it is not too old.
struct ExchangeClock: Sendable, Hashable {
    typealias Instant = ContinuousClock.Instant

    private struct Sample: Sendable, Hashable {
        let time: Timestamp
        let instant: Instant
        /// At most so far from the truth.
        let error: Duration
    }

    /// After which an answer is too old to go by.
    let lifetime: Duration
    private var sample: Sample?

    init(lifetime: Duration) {
        self.lifetime = lifetime
    }

    mutating func told(_ time: Timestamp, asked: Instant, answered: Instant) {
        let roundTrip = asked.duration(to: answered)
        let new = Sample(time: time, instant: asked + roundTrip / 2, error: roundTrip / 2)
        if let sample, sample.instant.duration(to: answered) < lifetime / 2, sample.error < new.error,
            Self.isConsistent(sample, new)
        {
            return
        }
        sample = new
    }

    /// The estimate was wrong: the exchange says so.
    mutating func forget() { sample = nil }

    /// `nil` if the exchange has to be asked.
    func now(_ instant: Instant) -> Timestamp? {
        guard let sample, sample.instant.duration(to: instant) < lifetime else { return nil }
        return Self.estimate(sample, at: instant)
    }

    private static func estimate(_ sample: Sample, at instant: Instant) -> Timestamp {
        sample.time + Int64(sample.instant.duration(to: instant) / .milliseconds(1))
    }

    /// Whether both can be true; if not, the clock was set in between.
    private static func isConsistent(_ old: Sample, _ new: Sample) -> Bool {
        let difference = Duration.milliseconds(abs(new.time.since(estimate(old, at: new.instant))))
        return difference <= old.error + new.error + .milliseconds(2)
    }
}
