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

    package init(
        id: Int64,
        at: Timestamp,
        kind: String,
        strategyID: Int64? = nil,
        replicaID: Int64? = nil,
        details: String = "{}"
    ) {
        self.id = id
        self.at = at
        self.kind = kind
        self.strategyID = strategyID
        self.replicaID = replicaID
        self.details = details
    }
}
