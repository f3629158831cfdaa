import Coordination
import Store

/// Decides how strategies are brought up that may have killed their hosts: a few at a time, each marked in the database
/// before it starts and unmarked when it has run for a while. Whoever is marked when the host dies is accused, and next time
/// started alone; whoever is marked alone is the culprit (see ``StoredStrategy/diedOnTrial``).
///
/// One group at a time on a replica, whatever their shards, or the marks would say nothing. Those that nobody accused come
/// first: they are many, and most likely innocent.
struct TrialQueue {
    struct Suspect: Sendable {
        /// As it was loaded last.
        let definition: StoredStrategy
        let token: FencingToken
    }

    struct Group: Sendable, Equatable {
        let strategies: [GuardedStrategy]
        /// How long they have to run before they are trusted.
        let duration: Duration
    }

    /// Few enough that the accused, each alone, are soon through; many enough that thousands of suspects are.
    static let largestGroup = 32

    private let policy: TrialPolicy
    private var waiting: [Int64: (number: Int, suspect: Suspect)] = [:]
    private var lastNumber = 0
    private var isBusy = false

    init(_ policy: TrialPolicy) {
        self.policy = policy
    }

    func isSuspect(_ strategy: StoredStrategy) -> Bool { strategy.recentCrashes >= policy.crashes }

    /// Those that have not been started.
    var count: Int { waiting.count }

    func contains(_ strategy: Int64) -> Bool { waiting[strategy] != nil }

    /// To be started when it is its turn; or its definition has changed.
    mutating func add(_ suspect: Suspect) {
        lastNumber += 1
        let number = waiting[suspect.definition.id]?.number ?? lastNumber
        waiting[suspect.definition.id] = (number, suspect)
    }

    mutating func remove(_ strategy: Int64) { waiting[strategy] = nil }

    mutating func remove(where isGone: (Suspect) -> Bool) {
        for (id, entry) in waiting where isGone(entry.suspect) { waiting[id] = nil }
    }

    /// Whom to mark now. ``start(_:)`` follows for each of them, and then ``isOver()``.
    mutating func next() -> Group? {
        guard !isBusy, !waiting.isEmpty else { return nil }
        let suspects = waiting.values.sorted { $0.number < $1.number }.map(\.suspect)
        let unaccused = suspects.filter { $0.definition.diedOnTrial == nil }
        let group = unaccused.isEmpty ? suspects.prefix(1) : unaccused.prefix(Self.largestGroup)
        let crashes = group.map(\.definition.recentCrashes).max() ?? 0
        isBusy = true
        return Group(
            strategies: group.map { GuardedStrategy($0.definition.id, $0.token) },
            duration: policy.duration(after: crashes)
        )
    }

    /// It has been marked, and is to be started now. `nil` if it is not wanted any more.
    mutating func start(_ strategy: Int64) -> Suspect? {
        waiting.removeValue(forKey: strategy)?.suspect
    }

    mutating func isOver() { isBusy = false }
}

extension GuardedStrategy {
    init(_ strategy: Int64, _ token: FencingToken) {
        self.init(id: strategy, shard: token.shard, owner: token.owner, epoch: token.epoch)
    }
}
