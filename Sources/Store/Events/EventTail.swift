/// A look at the end of the event log: the events after a position, and what the server knew of running transactions.
package struct EventTail: Sendable {
    /// Ascending by id.
    package let events: [ListedEvent]
    /// How many of them were written more than ``patience`` ago. Ids and times ascend together, nearly.
    package let old: Set<Int64>
    /// Every transaction below this number had ended.
    package let oldestRunning: Int64
    /// Every transaction from this number on had not begun.
    package let nextTransaction: Int64

    /// How long a reader waits for an event that a transaction under way may still bring.
    package static let patience = Duration.seconds(5)

    package init(events: [ListedEvent], old: Set<Int64>, oldestRunning: Int64, nextTransaction: Int64) {
        self.events = events
        self.old = old
        self.oldestRunning = oldestRunning
        self.nextTransaction = nextTransaction
    }
}
