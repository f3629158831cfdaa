/// Decides which shards are loaded when.
///
/// No shard is loaded twice at once, so an older answer never comes after a newer one. Shards that have just been taken are
/// loaded at once; all others one batch after the other, so that many wishes share one statement.
struct LoadQueue {
    struct Batch: Sendable, Equatable {
        var shards: Set<Int>
        /// They have just been taken.
        var isRestore: Bool
    }

    private var due: Set<Int> = []
    private var taken: Set<Int> = []
    private var loading: Set<Int> = []
    private var isRefreshing = false

    /// To be looked at (again).
    mutating func add(_ shards: some Sequence<Int>) { due.formUnion(shards) }

    /// Just taken: to be loaded as soon as a load of them that is under way, if there is one, is over.
    mutating func addTaken(_ shards: some Sequence<Int>) { taken.formUnion(shards) }

    mutating func remove(_ shard: Int) {
        due.remove(shard)
        taken.remove(shard)
    }

    func isLoading(_ shard: Int) -> Bool { loading.contains(shard) }

    /// Whether the answer to a load that is under way is of no use: the shard was given up and taken again meanwhile.
    func isOutdated(_ shard: Int) -> Bool { taken.contains(shard) }

    /// What to load now.
    mutating func next() -> [Batch] {
        var batches: [Batch] = []
        let restores = taken.subtracting(loading)
        if !restores.isEmpty { batches.append(Batch(shards: restores, isRestore: true)) }
        taken.subtract(restores)
        due.subtract(restores)
        loading.formUnion(restores)
        let refreshes = isRefreshing ? [] : due.subtracting(loading).subtracting(taken)
        if !refreshes.isEmpty {
            isRefreshing = true
            due.subtract(refreshes)
            loading.formUnion(refreshes)
            batches.append(Batch(shards: refreshes, isRestore: false))
        }
        return batches
    }

    /// A load is over.
    mutating func ended(_ batch: Batch) {
        loading.subtract(batch.shards)
        if !batch.isRestore { isRefreshing = false }
    }
}
