import Coordination
import Store

/// The memory of ``StrategyHost``: what is owned, what runs, what is still to be brought up.
struct HostLedger {
    private var owned: [Int: FencingToken] = [:]
    private var runners: [Int64: StrategyRunner] = [:]
    private var finishing: Set<Int64> = []
    /// Strategies of a shard that has been taken and that are not up yet; when the last is, the shard is ready.
    private var awaited: [Int: Set<Int64>] = [:]
    private var shardOfAwaited: [Int64: Int] = [:]
    private var ready: Set<FencingToken> = []
    var isMarkingReady = false

    private var isRefreshing = false
    /// What to look at once the refresh under way is over; `.some(nil)` is everything.
    private var refreshAgain: Set<Int>??

    // MARK: Shards

    /// Takes note of these; returns those that are news.
    mutating func own(_ tokens: [FencingToken]) -> Set<FencingToken> {
        var news: Set<FencingToken> = []
        for token in tokens where owned[token.shard] != token {
            owned[token.shard] = token
            news.insert(token)
        }
        return news
    }

    func owns(_ token: FencingToken) -> Bool { owned[token.shard] == token }

    /// Forgets these, and returns the runners that ran under them.
    mutating func disown(_ tokens: [FencingToken]) -> [StrategyRunner] {
        let gone = Set(tokens)
        for token in gone {
            if owned[token.shard] == token { owned[token.shard] = nil }
            for strategy in awaited.removeValue(forKey: token.shard) ?? [] { shardOfAwaited[strategy] = nil }
            ready.remove(token)
        }
        return runners.values.filter { gone.contains($0.token) }
    }

    func runnersWithOutdatedTokens() -> [StrategyRunner] {
        runners.values.filter { !owns($0.token) }
    }

    /// Shards with at most `strategies` strategies in all: those without an open position first.
    func choose(strategies: Int) -> [FencingToken] {
        let shards = Dictionary(grouping: runners.values.filter { owns($0.token) }, by: \.token)
        let easiestFirst = shards.map { token, runners in
            (token: token, count: runners.count, isExposed: runners.contains(where: \.hasOpenPosition))
        }.sorted { ($0.isExposed ? 1 : 0, $0.token.shard) < ($1.isExposed ? 1 : 0, $1.token.shard) }
        var left = strategies
        var chosen: [FencingToken] = []
        for shard in easiestFirst where shard.count <= left {
            left -= shard.count
            chosen.append(shard.token)
        }
        return chosen
    }

    // MARK: Refreshing

    /// What to load now for a refresh of `shard` (`nil`: all that is owned); `nil` if nothing, or not yet.
    mutating func refresh(_ shard: Int?) -> [FencingToken]? {
        if let shard, owned[shard] == nil { return nil }
        guard !isRefreshing else {
            switch (refreshAgain, shard) {
            case (.some(.some(let shards)), .some(let shard)): refreshAgain = .some(shards.union([shard]))
            case (.none, .some(let shard)): refreshAgain = .some([shard])
            default: refreshAgain = .some(nil)
            }
            return nil
        }
        let tokens = shard.map { [owned[$0]].compactMap { $0 } } ?? Array(owned.values)
        isRefreshing = !tokens.isEmpty
        return tokens.isEmpty ? nil : tokens
    }

    /// A load is over. Returns what to load next.
    mutating func refreshed(isRestore: Bool) -> [FencingToken]? {
        guard !isRestore else { return nil }
        isRefreshing = false
        guard let again = refreshAgain else { return nil }
        refreshAgain = nil
        let tokens = again.map { $0.compactMap { owned[$0] } } ?? Array(owned.values)
        isRefreshing = !tokens.isEmpty
        return tokens.isEmpty ? nil : tokens
    }

    // MARK: Runners

    func runner(_ strategy: Int64) -> StrategyRunner? {
        runners[strategy].flatMap { owns($0.token) ? $0 : nil }
    }

    /// Returns the runner of the same strategy that was here before.
    mutating func add(_ runner: StrategyRunner) -> StrategyRunner? {
        runners.updateValue(runner, forKey: runner.definition.id)
    }

    func runners(in tokens: [FencingToken], notIn strategies: [StoredStrategy]) -> [StrategyRunner] {
        let wanted = Set(strategies.map(\.id))
        let looked = Set(tokens)
        return runners.values.filter { looked.contains($0.token) && !wanted.contains($0.definition.id) }
    }

    mutating func ended(_ strategy: Int64, _ runner: StrategyRunner) {
        if runners[strategy] === runner { runners[strategy] = nil }
    }

    /// False if it is being finished already.
    mutating func beginFinishing(_ strategy: Int64) -> Bool { finishing.insert(strategy).inserted }

    mutating func finished(_ strategy: Int64) {
        finishing.remove(strategy)
        isUp(strategy)
    }

    // MARK: Ready

    mutating func awaitReady(_ tokens: [FencingToken], _ strategies: [StoredStrategy]) {
        let byShard = Dictionary(grouping: strategies, by: \.shard)
        for token in tokens {
            let ids = Set((byShard[token.shard] ?? []).map(\.id))
            guard !ids.isEmpty else {
                ready.insert(token)
                continue
            }
            awaited[token.shard] = ids
            for id in ids { shardOfAwaited[id] = token.shard }
        }
    }

    mutating func isUp(_ strategy: Int64) {
        guard let shard = shardOfAwaited.removeValue(forKey: strategy) else { return }
        awaited[shard]?.remove(strategy)
        guard awaited[shard]?.isEmpty == true else { return }
        awaited[shard] = nil
        if let token = owned[shard] { ready.insert(token) }
    }

    /// Shards to mark as ready now: none while a statement is under way, so that they gather.
    mutating func takeReady() -> [FencingToken] {
        guard !isMarkingReady else { return [] }
        defer { ready = [] }
        return ready.sorted { $0.shard < $1.shard }
    }
}
