/// How much is on the way at one time in a hand-over, and how long a giver waits for its receivers.
package struct HandOverLimits: Sendable {
    /// Shards with strategies in one step; and strategies, unless a single shard has more.
    var shards = 6
    var strategies = 32
    /// How long the receivers get to be ready for what is announced. Everything runs on meanwhile.
    var preparation = Duration.milliseconds(500)
    /// How long the next step waits for the last one to run.
    var patience = Duration.milliseconds(100)
    /// And all steps together.
    var wholePatience = Duration.seconds(5)

    package init() {}
}
