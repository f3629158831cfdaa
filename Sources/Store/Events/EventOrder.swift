/// Puts what is read from the event log into one order, in which nothing appears late: a pure state machine.
///
/// Ids are given out before their transactions become visible, so behind a missing id there may be an event that is about to
/// appear. A reader that had gone past it, and comes back with the last id it saw, would never get it. So events are handed
/// on up to the first missing id only, until that cannot be filled any more: every transaction that was under way when it
/// was first missed has ended (it was rolled back, or never used), or the event behind it is older than
/// ``EventTail/patience`` (somebody else's endless transaction must not stop the stream).
package struct EventOrder: Sendable {
    /// Up to this id everything has been handed on.
    package private(set) var position: Int64
    private var gap: Gap?

    private struct Gap {
        let id: Int64
        /// Every transaction that can fill it has a number below this.
        let nextTransaction: Int64
    }

    package init(position: Int64) {
        self.position = position
    }

    /// - Parameter tail: read from ``position`` on.
    /// - Returns: The events that come next, ascending by id.
    package mutating func next(in tail: EventTail) -> [ListedEvent] {
        for (index, event) in tail.events.enumerated() {
            let missing = position + 1
            if event.id != missing, !isDead(missing, before: event, tail) {
                return Array(tail.events[..<index])
            }
            gap = nil
            position = event.id
        }
        return tail.events
    }

    private mutating func isDead(_ missing: Int64, before event: ListedEvent, _ tail: EventTail) -> Bool {
        if tail.old.contains(event.id) { return true }
        guard let gap, gap.id == missing else {
            // Not in this same look: a transaction takes its id a moment before it has a number.
            gap = Gap(id: missing, nextTransaction: tail.nextTransaction)
            return false
        }
        return tail.oldestRunning >= gap.nextTransaction
    }
}
