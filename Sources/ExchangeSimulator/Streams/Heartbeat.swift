/// Whether the other side of a connection is still there: pings go out regularly, and one that stays unanswered too
/// long means that it is not. Pure: time comes from outside.
struct Heartbeat: Sendable {
    /// How long a ping may stay unanswered.
    let timeout: Duration
    /// When the oldest ping that is unanswered was sent.
    private var unansweredSince: Duration?

    init(timeout: Duration) {
        self.timeout = timeout
    }

    /// Notes that a ping goes out. Answers with whether the timeout begins with it: not if an earlier one is
    /// unanswered.
    mutating func ping(at now: Duration) -> Bool {
        guard unansweredSince == nil else { return false }
        unansweredSince = now
        return true
    }

    mutating func pong() { unansweredSince = nil }

    /// Whether the other side must be taken for gone.
    func isDead(at now: Duration) -> Bool { unansweredSince.map { now - $0 >= timeout } ?? false }
}
