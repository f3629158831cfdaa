/// Something that a person asked for: an event that is kept for good.
package struct AuditEntry: Sendable {
    package let event: ListedEvent
    /// The name of whose token it was.
    package let by: String
    /// Of the strategy that it was about, active or stopped.
    package let symbol: String?
    package let exchange: String?
}
