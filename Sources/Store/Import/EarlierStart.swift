package import Trading

/// A strategy that was active before this program took over.
package struct EarlierStart: Sendable {
    package let order: StartOrder
    package let startedAt: Timestamp
    package let isPaused: Bool

    package init(order: StartOrder, startedAt: Timestamp, isPaused: Bool) {
        self.order = order
        self.startedAt = startedAt
        self.isPaused = isPaused
    }

    /// What there is of it already.
    package enum Presence: Sendable, Hashable {
        case none
        /// Its market is taken.
        case active
        /// It was taken over before, and has been stopped since: nobody wants it to run again.
        case stopped
    }
}
