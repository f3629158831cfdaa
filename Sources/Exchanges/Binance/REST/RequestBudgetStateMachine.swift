/// Decides which requests may be sent now, so that the exchange never has a reason to refuse or ban this address.
///
/// Every request has a weight; the exchange allows so much in a minute, counted from minute to minute by its own clock. Here it is counted
/// over *any* stretch of a minute, so that no alignment of clocks matters. What the exchange itself reports as used tells
/// of others behind the same address. A penalty (429, 418) stops everything until it is over. Who must wait, waits in order.
///
/// Replicas may be behind one address without knowing it, and begin to ask at the same moment: when one of them dies, all
/// others read what it was doing. What the exchange reports comes too late for that, and to ask the database before each request
/// would cost more than the request. So half of the minute's weight is shared out evenly, and everybody leaves the others
/// their parts of that; the other half is for whoever needs it, as far as the exchange's report leaves it. Alone behind an
/// address, a replica is thereby never held to less than half. (A report lags by what is under way: so few requests that only
/// many replicas, all of them near the limit, could go beyond it; then the exchange says so, and all keep the pause.)
struct RequestBudgetStateMachine {
    typealias Instant = ContinuousClock.Instant
    typealias ID = Int

    /// What follows from an event: to be carried out outside any lock.
    struct Turn: Sendable, Hashable {
        /// These go now.
        var admitted: [ID] = []
        /// These have waited, or would have to wait, too long; the time after which it makes sense to come back.
        var refused: [ID: Duration] = [:]
        /// Call ``advance(now:)`` then.
        var wake: Instant?
    }

    private struct Waiting {
        let id: ID
        let weight: Int
        let deadline: Instant
        let isUrgent: Bool
    }

    private struct Spending {
        let time: Instant
        var weight: Int
    }

    /// Longer than the exchange's minute, for the time a request is under way.
    static let window: Duration = .seconds(62)
    private static let grain: Duration = .milliseconds(250)

    private var weightPerMinute: Int
    private let concurrency: Int
    private let longestQueueing: Duration

    private var spendings: [Spending] = []
    /// The sum of `spendings`.
    private var spent = 0
    /// Those that may be behind our address, this one included.
    private var replicas = 1
    /// Weight used by others behind our address, as far as the exchange's counter shows it.
    private var foreign: Spending?
    private var blockedUntil: Instant?
    private var underWay = 0
    private var queue: [Waiting] = []

    init(weightPerMinute: Int, concurrency: Int, longestQueueing: Duration) {
        precondition(weightPerMinute > 0 && concurrency > 0, "a budget of nothing admits nothing")
        self.weightPerMinute = weightPerMinute
        self.concurrency = concurrency
        self.longestQueueing = longestQueueing
    }

    /// Requests waiting for their turn.
    var waiting: Int { queue.count }

    /// Until when the exchange wants to be left alone; in the past: it does not.
    var penaltyEnd: Instant? { blockedUntil }

    mutating func share(among replicas: Int) {
        precondition(replicas > 0, "who asks is one of them")
        self.replicas = replicas
    }

    /// - Parameter patience: an urgent request goes before all that are not, and is refused after this time.
    mutating func submit(_ id: ID, weight: Int, urgentFor patience: Duration? = nil, now: Instant) -> Turn {
        let isUrgent = patience != nil
        let deadline = now + min(patience ?? longestQueueing, longestQueueing)
        let place = isUrgent ? queue.firstIndex { !$0.isUrgent } ?? queue.endIndex : queue.endIndex
        queue.insert(Waiting(id: id, weight: weight, deadline: deadline, isUrgent: isUrgent), at: place)
        return advance(now: now)
    }

    /// An admitted request has its answer, or will never have one.
    ///
    /// - Parameter used: the weight used in the current minute as the exchange counts it, if it said so.
    mutating func finished(used: Int?, now: Instant) -> Turn {
        precondition(underWay > 0, "a request finished that was not under way")
        underWay -= 1
        if let used {
            forget(now: now)
            let others = used - spent
            if others > 0, others >= foreign?.weight ?? 0 { foreign = Spending(time: now, weight: others) }
        }
        return advance(now: now)
    }

    /// The exchange wants to be left alone until then.
    mutating func penalize(until end: Instant, now: Instant) -> Turn {
        blockedUntil = max(end, blockedUntil ?? end)
        return advance(now: now)
    }

    /// The exchange's own figure for a minute. Only ever lowers the configured one.
    mutating func limit(to weight: Int, now: Instant) -> Turn {
        if weight > 0 { weightPerMinute = min(weightPerMinute, weight) }
        return advance(now: now)
    }

    /// A waiting request gives up. One that was admitted meanwhile must be ``finished(used:now:)`` instead.
    ///
    /// - Returns: whether it was still waiting.
    mutating func withdraw(_ id: ID) -> Bool {
        guard let index = queue.firstIndex(where: { $0.id == id }) else { return false }
        queue.remove(at: index)
        return true
    }

    mutating func advance(now: Instant) -> Turn {
        var turn = Turn()
        forget(now: now)
        if let end = blockedUntil, end <= now { blockedUntil = nil }
        var taken = 0
        for request in queue {
            let deadline = request.deadline
            if let end = blockedUntil {
                guard end > deadline || deadline <= now else {
                    turn.wake = end
                    break
                }
                turn.refused[request.id] = now.duration(to: end)
            } else {
                let start = soonest(for: request.weight, now: now)
                if start <= now, underWay < concurrency {
                    spend(request.weight, now: now)
                    underWay += 1
                    turn.admitted.append(request.id)
                } else if deadline <= now {
                    turn.refused[request.id] = max(now.duration(to: start), .zero)
                } else {
                    turn.wake = start > now ? min(start, deadline) : deadline
                    break
                }
            }
            taken += 1
        }
        queue.removeFirst(taken)
        return turn
    }

    /// When enough of what was spent is forgotten to spend `weight` more.
    private func soonest(for weight: Int, now: Instant) -> Instant {
        // A request heavier than the whole budget goes when nothing else was spent.
        let reserved = weightPerMinute * (replicas - 1) / (2 * replicas)
        let budget = weightPerMinute - reserved
        var others = foreign ?? Spending(time: now, weight: 0)
        others.weight = max(0, others.weight - reserved)
        var excess = spent + others.weight + min(weight, budget) - budget
        if excess <= 0 { return now }
        var past = spendings
        past.insert(others, at: past.firstIndex { $0.time > others.time } ?? past.endIndex)
        for spending in past {
            excess -= spending.weight
            if excess <= 0 { return spending.time + Self.window }
        }
        return now
    }

    private mutating func spend(_ weight: Int, now: Instant) {
        spent += weight
        if let last = spendings.last, last.time + Self.grain > now {
            spendings[spendings.endIndex - 1].weight += weight
        } else {
            spendings.append(Spending(time: now, weight: weight))
        }
    }

    private mutating func forget(now: Instant) {
        // A grain is dated at its beginning, so it is kept for its length more.
        let old = spendings.prefix { $0.time + Self.window <= now }
        spent -= old.reduce(0) { $0 + $1.weight }
        spendings.removeFirst(old.count)
        if let time = foreign?.time, time + Self.window <= now { foreign = nil }
    }
}
