package import Trading

/// Something that happened.
package struct ListedEvent: Sendable {
    package let id: Int64
    package let at: Timestamp
    package let kind: String
    package let strategyID: Int64?
    package let replicaID: Int64?
    /// JSON text.
    package let details: String
}
