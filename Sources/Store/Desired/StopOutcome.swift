/// What became of a request to stop.
package enum StopOutcome: Sendable, Hashable {
    /// Recorded (now, or by an earlier request); the owner finishes it.
    case requested(id: Int64, shard: Int)
    /// There is no such strategy among the active ones.
    case notFound
    /// The request of this key has been done before: nothing was done now.
    case repeated
}
