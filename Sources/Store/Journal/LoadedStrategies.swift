/// What was found in some shards.
package struct LoadedStrategies: Sendable {
    package internal(set) var strategies: [StoredStrategy] = []
    /// Those that this version cannot make sense of. They do not keep the others from running.
    package internal(set) var unreadable: [UnreadableStrategy] = []
    /// By shard that is owned still: the number of changes of what is wanted that this shows.
    package internal(set) var revisions: [Int: Int64] = [:]

    package init() {}
}
