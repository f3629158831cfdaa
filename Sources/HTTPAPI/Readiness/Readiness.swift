/// Whether this replica may take traffic.
package enum Readiness: Sendable, Hashable {
    case ready
    /// - Parameter detail: Why, and what will end it, for people.
    case unready(UnreadyReason, detail: String)
}
