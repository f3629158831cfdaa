import HTTPAPI
import Store
import Trading

/// An event that somebody wants to be told of wherever they are.
struct Notification: Sendable {
    let event: ListedEvent

    /// The kinds of events that are notified, with nothing to do by whoever records one.
    private static let kinds: Set = [
        "fenced", "orphaned", "failed", "quarantined", "in_doubt", "order_refused", "entries_paused", "halted",
        "unhalted", "limit_reached", "change_refused",
    ]

    /// Nil for what happens all the time.
    init?(_ event: ListedEvent) {
        guard Self.kinds.contains(event.kind) else { return nil }
        self.event = event
    }

    /// The same for every attempt, by whichever replica, so that a receiver can tell a second delivery. With the moment, as a
    /// database that lost its last commits gives their numbers to other events.
    var id: String { "\(event.id)-\(event.at.milliseconds)" }

    var body: String { #"{"type":"\#(event.kind)","timestamp":"\#(event.at)","data":\#(event.json)}"# }
}
