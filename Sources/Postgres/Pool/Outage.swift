/// What a pool says about its connections: each thing once when it begins, and once when it is over, however many
/// connections and attempts it concerns. Pure.
struct Outage: Sendable {
    enum News: Equatable, Sendable {
        /// A connection was lost.
        case lost
        /// Connecting fails.
        case unreachable
        /// All connections are open again.
        case over(after: Duration)
    }

    private var since: ContinuousClock.Instant?
    private var lossIsKnown = false
    private var failureIsKnown = false

    /// nil if that is known already.
    mutating func connectionLost(now: ContinuousClock.Instant) -> News? {
        since = since ?? now
        defer { lossIsKnown = true }
        return lossIsKnown ? nil : .lost
    }

    /// nil if that is known already.
    mutating func connectingFailed(now: ContinuousClock.Instant) -> News? {
        since = since ?? now
        defer { failureIsKnown = true }
        return failureIsKnown ? nil : .unreachable
    }

    /// nil if nothing was wrong, or something still is.
    mutating func connected(allAreOpen: Bool, now: ContinuousClock.Instant) -> News? {
        guard allAreOpen, let since else { return nil }
        self = Outage()
        return .over(after: since.duration(to: now))
    }
}
