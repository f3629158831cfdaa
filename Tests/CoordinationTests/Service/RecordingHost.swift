import Synchronization

@testable import Coordination

/// A host that runs nothing and remembers everything.
final class RecordingHost: ShardHost {
    struct Memory: Sendable {
        /// What runs here, by shard.
        var running: [Int: ShardClaim] = [:]
        var abandoned: [FencingToken] = []
        var settled: [FencingToken] = []
        /// What was announced to it.
        var expected: Set<Int> = []
        var suspensions = 0
        var isSuspended = false
        var refreshes = 0
    }

    private let memory = Mutex(Memory())
    /// Whether strategies come to a settled point when asked.
    private let settles: Bool
    private let (preparation, preparing) = AsyncStream<Void>.makeStream()

    /// - Parameter prepares: Whether it gets ready at once for what is announced, and not only when it is told to.
    init(settles: Bool = true, prepares: Bool = true) {
        self.settles = settles
        if prepares { prepare() }
    }

    /// From now on it is ready for what is announced.
    func prepare() { preparing.finish() }

    var now: Memory { memory.withLock { $0 } }

    var tokens: Set<FencingToken> { Set(now.running.values.map(\.token)) }

    func bringUp(_ claims: [ShardClaim]) {
        memory.withLock { for claim in claims { $0.running[claim.token.shard] = claim } }
    }

    func abandon(_ tokens: [FencingToken]) {
        memory.withLock { memory in
            memory.abandoned += tokens
            for token in tokens where memory.running[token.shard]?.token == token { memory.running[token.shard] = nil }
        }
    }

    func refresh(shard: Int?) { memory.withLock { $0.refreshes += 1 } }

    func suspend() {
        memory.withLock {
            $0.isSuspended = true
            $0.suspensions += 1
        }
    }

    func resume() { memory.withLock { $0.isSuspended = false } }

    func expect(_ shards: [Int]) async {
        memory.withLock { $0.expected.formUnion(shards) }
        for await _ in preparation {}
    }

    func exposed() async -> Set<Int> { [] }

    func settle(_ tokens: [FencingToken]) async -> [FencingToken] {
        // For ever, as far as a test can tell.
        if !settles { try? await Task.sleep(for: .seconds(300)) }
        memory.withLock { memory in
            memory.settled += tokens
            for token in tokens where memory.running[token.shard]?.token == token { memory.running[token.shard] = nil }
        }
        return tokens
    }
}
