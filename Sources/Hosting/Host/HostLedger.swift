import Coordination
import Store

/// The memory of ``StrategyHost``: what is owned, what runs, what is still to be brought up.
struct HostLedger {
    private var owned: [Int: FencingToken] = [:]
    /// Also those that have been told to stop and have not ended yet: a strategy has one runner here, never two.
    private var runners: [Int64: StrategyRunner] = [:]
    private var running: Set<Int64> = []
    /// Those that have not begun, in their order; and whether some have been told to that have not yet.
    private var line: [StrategyRunner] = []
    private var isBeginning = false
    private var failed: [Int64: Int] = [:]
    private var quarantined: Set<Int64> = []
    private var finishing: Set<Int64> = []

    var trials: TrialQueue

    private var queue = LoadQueue()
    /// By shard: the revision that was loaded last.
    private var revisions: [Int: Int64] = [:]
    private var needsComparing = false
    private var isComparing = false
    /// By shard: strategies whose runner ended while the shard was being loaded. What was loaded of them is out of date.
    private var endedMeanwhile: [Int: Set<Int64>] = [:]

    /// Strategies of a shard that has been taken and that are not up yet; when the last is, the shard is ready.
    private var awaited: [Int: Set<Int64>] = [:]
    private var takenAt: [Int: ContinuousClock.Instant] = [:]
    private var ready: Set<FencingToken> = []
    /// When these have waited long enough for others.
    private var gatheredAt: ContinuousClock.Instant?
    private var isTimed = false
    var isMarkingReady = false

    /// How long those that are ready wait for others that are being brought up, so that few statements do for all.
    static let gathering = Duration.milliseconds(5)

    init(trials: TrialPolicy) {
        self.trials = TrialQueue(trials)
    }

    /// Strategies on this replica.
    struct Census: Equatable {
        var starting = 0
        var running = 0
        var failed = 0
        var quarantined = 0
    }

    var census: Census {
        Census(
            starting: runners.count - running.count + trials.count,
            running: running.count,
            failed: failed.count - quarantined.count,
            quarantined: quarantined.count
        )
    }

    // MARK: Shards

    /// Takes note of these, and has those loaded that are news and may have something in them.
    mutating func own(_ claims: [ShardClaim], at now: ContinuousClock.Instant) {
        for claim in claims where owned[claim.token.shard] != claim.token {
            let shard = claim.token.shard
            if let old = owned[shard] { forget(old) }
            owned[shard] = claim.token
            guard claim.strategies > 0 else {
                // Until something else is wanted of it, there is nothing to load.
                revisions[shard] = claim.revision
                continue
            }
            takenAt[shard] = now
            queue.addTaken([shard])
        }
    }

    func owns(_ token: FencingToken) -> Bool { owned[token.shard] == token }

    /// Forgets these, and returns the runners that run under them.
    mutating func disown(_ tokens: [FencingToken]) -> [StrategyRunner] {
        for token in tokens where owned[token.shard] == token {
            owned[token.shard] = nil
            forget(token)
        }
        let gone = Set(tokens)
        return runners.values.filter { gone.contains($0.token) }
    }

    private mutating func forget(_ token: FencingToken) {
        queue.remove(token.shard)
        awaited[token.shard] = nil
        takenAt[token.shard] = nil
        revisions[token.shard] = nil
        ready.remove(token)
        trials.remove { $0.token == token }
        forgetFailed { $0 == token.shard }
    }

    private mutating func forgetFailed(in isGone: (Int) -> Bool) {
        guard failed.values.contains(where: isGone) else { return }
        failed = failed.filter { !isGone($0.value) }
        quarantined = quarantined.filter { failed[$0] != nil }
    }

    func runnersWithOutdatedTokens() -> [StrategyRunner] {
        runners.values.filter { !owns($0.token) }
    }

    /// Shards in which something has an open position.
    func exposedShards() -> Set<Int> {
        Set(runners.values.filter { owns($0.token) && $0.hasOpenPosition }.map(\.token.shard))
    }

    // MARK: Loading

    /// What is wanted of this shard may have changed.
    mutating func refresh(_ shard: Int) {
        if owned[shard] != nil { queue.add([shard]) }
    }

    /// What is wanted of any shard may have changed.
    mutating func refreshAll() { needsComparing = true }

    /// The revisions to compare with the database's now, all at once; `nil` if there is no need, or while that is under way.
    mutating func nextComparison() -> [(shard: Int, revision: Int64)]? {
        guard needsComparing, !isComparing else { return nil }
        needsComparing = false
        guard !owned.isEmpty else { return nil }
        isComparing = true
        // What was never loaded (a shard that was empty when it was taken) differs from whatever there is.
        return owned.keys.sorted().map { ($0, revisions[$0] ?? -1) }
    }

    /// These differ; `nil` if that could not be found out.
    mutating func compared(_ changed: [Int]?) {
        isComparing = false
        if let changed { for shard in changed { refresh(shard) } } else { needsComparing = true }
    }

    /// What to load now.
    mutating func nextLoads() -> [ShardLoad] {
        queue.next().map { batch in ShardLoad(tokens: batch.shards.compactMap { owned[$0] }, batch: batch) }
    }

    /// A load has been answered. Returns those of its shards for which the answer counts.
    mutating func loaded(_ load: ShardLoad, _ revisions: [Int: Int64]) -> [Int: FencingToken] {
        queue.ended(load.batch)
        let current = load.tokens.filter { owns($0) && !queue.isOutdated($0.shard) }
        for token in current { self.revisions[token.shard] = revisions[token.shard] }
        return Dictionary(uniqueKeysWithValues: current.map { ($0.shard, $0) })
    }

    /// A load came to nothing.
    mutating func loadFailed(_ load: ShardLoad) {
        queue.ended(load.batch)
        let current = load.tokens.filter(owns).map(\.shard)
        if load.batch.isRestore { queue.addTaken(current) } else { queue.add(current) }
        for shard in current { endedMeanwhile[shard] = nil }
    }

    /// Makes the shards' pictures agree: what was found there, and what is known here. Returns the runners of what is not
    /// there any more.
    mutating func found(_ strategies: [Int: Set<Int64>], in shards: [Int: FencingToken], isRestore: Bool)
        -> [StrategyRunner]
    {
        forgetFailed { shards[$0] != nil }
        trials.remove { suspect in
            let shard = suspect.token.shard
            return shards[shard] != nil && strategies[shard]?.contains(suspect.definition.id) != true
        }
        for (shard, token) in shards {
            let ids = strategies[shard] ?? []
            if isRestore {
                awaited[shard] = ids
            } else {
                awaited[shard]?.formIntersection(ids)
            }
            noteReady(token)
        }
        return runners.values.filter { runner in
            guard let token = shards[runner.token.shard] else { return false }
            return token == runner.token && strategies[token.shard]?.contains(runner.definition.id) != true
        }
    }

    /// The answer of a load has been used up.
    mutating func settled(_ shards: [Int: FencingToken]) {
        for shard in shards.keys { endedMeanwhile[shard] = nil }
    }

    // MARK: Runners

    /// How a strategy stands that was just loaded.
    enum Standing {
        /// Nothing of it is here.
        case absent
        case running(StrategyRunner)
        /// Its runner is about to end, or ended after it was loaded: its shard is looked at again, what was loaded is of no use.
        case ending
    }

    mutating func standing(_ strategy: Int64, _ token: FencingToken) -> Standing {
        if let runner = runners[strategy] {
            guard runner.token == token, !runner.isStopping else { return .ending }
            if running.contains(strategy) { isUp(strategy, token) }
            return .running(runner)
        }
        if finishing.contains(strategy) { return .ending }
        if endedMeanwhile[token.shard]?.contains(strategy) == true {
            queue.add([token.shard])
            return .ending
        }
        return .absent
    }

    /// It begins when it is its turn.
    mutating func add(_ runner: StrategyRunner) {
        let previous = runners.updateValue(runner, forKey: runner.definition.id)
        precondition(previous == nil, "strategy \(runner.definition.id) has a runner already")
        line.append(runner)
    }

    /// Who is to begin now: a few, the next when these have. What thousands that have just been loaded lead to (and the loads of
    /// others) would have to wait in line behind all of them otherwise.
    mutating func nextToBegin() -> [StrategyRunner] {
        guard !isBeginning, !line.isEmpty else { return [] }
        isBeginning = true
        let next = line.prefix(Self.beginners)
        line.removeFirst(next.count)
        return Array(next)
    }

    mutating func haveBegun() { isBeginning = false }

    /// Those that will not begin any more.
    mutating func takeLine() -> [StrategyRunner] {
        defer { line = [] }
        return line
    }

    private static let beginners = 64

    mutating func ended(_ runner: StrategyRunner) {
        let strategy = runner.definition.id
        runners[strategy] = nil
        running.remove(strategy)
        // Whatever the reason was, the database knows what is to become of it.
        if !finishing.contains(strategy) { lookAgain(strategy, runner.token.shard) }
    }

    private mutating func lookAgain(_ strategy: Int64, _ shard: Int) {
        if queue.isLoading(shard) { endedMeanwhile[shard, default: []].insert(strategy) }
        refresh(shard)
    }

    /// False if it is being finished already.
    mutating func beginFinishing(_ strategy: Int64) -> Bool { finishing.insert(strategy).inserted }

    /// It is gone; or, if that failed, to be looked at again.
    mutating func finished(_ strategy: Int64, _ token: FencingToken, isGone: Bool) {
        finishing.remove(strategy)
        if isGone {
            quarantined.remove(strategy)
            if queue.isLoading(token.shard) { endedMeanwhile[token.shard, default: []].insert(strategy) }
            failed[strategy] = nil
            isUp(strategy, token)
        } else {
            lookAgain(strategy, token.shard)
        }
    }

    // MARK: Ready

    mutating func isRunning(_ runner: StrategyRunner) {
        guard runners[runner.definition.id] === runner else { return }
        running.insert(runner.definition.id)
        isUp(runner.definition.id, runner.token)
    }

    mutating func hasFailed(_ strategy: Int64, _ token: FencingToken, isQuarantined: Bool = false) {
        failed[strategy] = token.shard
        if isQuarantined { quarantined.insert(strategy) }
        isUp(strategy, token)
    }

    /// The shard does not wait for it any longer.
    mutating func isUp(_ strategy: Int64, _ token: FencingToken) {
        guard owns(token), awaited[token.shard]?.remove(strategy) != nil else { return }
        noteReady(token)
    }

    func isAwaited(_ strategy: Int64, _ shard: Int) -> Bool { awaited[shard]?.contains(strategy) == true }

    private mutating func noteReady(_ token: FencingToken) {
        guard awaited[token.shard]?.isEmpty == true else { return }
        awaited[token.shard] = nil
        ready.insert(token)
    }

    /// Shards to mark as ready now, and since when they were awaited: none while a statement is under way, nor for a moment
    /// while others are about to be ready, so that they gather.
    mutating func takeReady(at now: ContinuousClock.Instant) -> [(token: FencingToken, since: ContinuousClock.Instant?)]
    {
        if ready.isEmpty { gatheredAt = nil }
        guard !isMarkingReady, !ready.isEmpty else { return [] }
        let due = gatheredAt ?? now.advanced(by: Self.gathering)
        gatheredAt = due
        guard awaited.isEmpty || now >= due else { return [] }
        defer { (ready, gatheredAt, isTimed) = ([], nil, false) }
        return ready.sorted { $0.shard < $1.shard }.map { ($0, takenAt.removeValue(forKey: $0.shard)) }
    }

    /// When ``takeReady(at:)`` is to be called, if nothing happens before; told once.
    mutating func nextReadyCall() -> ContinuousClock.Instant? {
        guard !isMarkingReady, !isTimed, let gatheredAt else { return nil }
        isTimed = true
        return gatheredAt
    }
}

/// Shards that are being loaded, under these tokens.
struct ShardLoad: Sendable {
    let tokens: [FencingToken]
    let batch: LoadQueue.Batch
}
