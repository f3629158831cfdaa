/// What runs the contents of shards. Implemented by the hosting side; `Coordination` knows nothing of what is in them.
///
/// All calls come from one task, in order.
package protocol ShardHost: Sendable {
    /// These shards are owned here now: load what is in them and run it. Returns at once; the work goes on behind.
    func bringUp(_ claims: [ShardClaim])
    /// Ownership is lost: stop at once and write nothing.
    func abandon(_ tokens: [FencingToken])
    /// The desired state of something in an owned shard may have changed: compare. `nil` means anywhere.
    func refresh(shard: Int?)
    /// Start nothing, decide nothing, send nothing until `resume()`; keep everything in memory.
    func suspend()
    func resume()
    /// Gets ready for these shards, which are about to be handed over to this replica. Returns when it is, or after a moment.
    func expect(_ shards: [Int]) async
    /// The shards that are harder to move than others: something in them has an open position.
    func exposed() async -> Set<Int>
    /// Brings these shards' strategies to a settled point and stops them there: after it nothing more is written for them.
    /// Returns those that are settled; the others are running on.
    func settle(_ tokens: [FencingToken]) async -> [FencingToken]
}
