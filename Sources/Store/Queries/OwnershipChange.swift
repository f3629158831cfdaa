package import Trading

/// Who took a strategy's shard, when and why.
package struct OwnershipChange: Sendable {
    package let epoch: Int64
    package let owner: Owner
    package let previousOwner: Int64?
    package let reason: String
    package let at: Timestamp
}
