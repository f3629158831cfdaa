/// An active strategy that this version cannot make sense of: it can be stopped or shown as failed, but not run.
package struct UnreadableStrategy: Sendable {
    package let id: Int64
    package let symbol: String
    package let shard: Int
    package let isFailed: Bool
    package let stop: StoredStrategy.StopRequest?
    /// Why, and what to do.
    package let reason: String
}
