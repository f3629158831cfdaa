/// How much each of many has asked for of late: a bucket for each, that fills at an even rate (GCRA: all that is kept of a bucket is
/// when it will be full again). Pure.
struct RateBuckets {
    /// More are not kept apart from each other: what a flood of senders may cost here is bounded.
    static let most = 100_000

    /// Between two requests of somebody who never stops.
    private let interval: Duration
    /// How far the requests of somebody may be ahead of that.
    private let ahead: Duration
    private var full: [String: ContinuousClock.Instant] = [:]

    /// - Parameter burst: How many may come at once from somebody who was quiet.
    init(perSecond: Int, burst: Int) {
        interval = .seconds(1) / perSecond
        ahead = interval * burst
    }

    /// - Parameter cost: How many requests it counts as.
    /// - Returns: Nil if it is granted; otherwise after how long it would be.
    mutating func take(_ cost: Int = 1, by name: String, at now: ContinuousClock.Instant) -> Duration? {
        let next = max(full[name] ?? now, now) + interval * cost
        let excess = now.duration(to: next) - ahead
        guard excess <= .zero else { return excess }
        if full[name] == nil, full.count >= Self.most {
            full = full.filter { $0.value > now }
            if full.count >= Self.most { full = [:] }
        }
        full[name] = next
        return nil
    }

    var count: Int { full.count }
}
