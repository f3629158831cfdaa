import Coordination
import Logging
import Store
import Trading

// What was loaded is made to run, and what runs is made to agree with what was loaded.

extension StrategyHost {
    func loaded(
        _ found: LoadedStrategies,
        _ load: ShardLoad,
        _ ledger: inout HostLedger,
        _ group: inout DiscardingTaskGroup
    ) {
        let tokens = ledger.loaded(load, found.revisions)
        defer { ledger.settled(tokens) }
        let isRestore = load.batch.isRestore
        var ids: [Int: Set<Int64>] = [:]
        for strategy in found.strategies { ids[strategy.shard, default: []].insert(strategy.id) }
        for strategy in found.unreadable { ids[strategy.shard, default: []].insert(strategy.id) }
        // What runs here, but is not wanted any more: finished elsewhere.
        for runner in ledger.found(ids, in: tokens, isRestore: isRestore) { runner.stop() }
        if isRestore {
            let restored = found.strategies.filter { tokens[$0.shard] != nil && $0.isToBeRestored }
            announce(restored)
            // For all of them at once: one by one, as they come, they would wait for each other's messages to the exchange.
            let markets = restored.map { (exchange: $0.exchange, symbol: $0.symbol, interval: $0.interval) }
            group.addTask { await self.listen(to: markets) }
        }
        for strategy in found.strategies {
            if let token = tokens[strategy.shard] { reconcile(strategy, token, &ledger, &group) }
        }
        for strategy in found.unreadable {
            if let token = tokens[strategy.shard] { reconcile(strategy, token, &ledger, &group) }
        }
    }

    private func announce(_ restored: [StoredStrategy]) {
        guard !restored.isEmpty else { return }
        services.logger.info("Restoring \(restored.count) strategies", metadata: ["count": "\(restored.count)"])
        for (reason, strategies) in Dictionary(grouping: restored, by: { $0.taken ?? "vacant" }) {
            services.metrics.countRestores(strategies.count, reason: reason)
        }
    }

    private func reconcile(
        _ strategy: StoredStrategy,
        _ token: FencingToken,
        _ ledger: inout HostLedger,
        _ group: inout DiscardingTaskGroup
    ) {
        switch ledger.standing(strategy.id, token) {
        case .ending:
            break
        case .running(let runner):
            if let request = strategy.stop {
                guard ledger.beginFinishing(strategy.id) else { return }
                runner.stop(for: request)
                finish(strategy.id, strategy.symbol.name, token, request, after: runner, &group)
            } else {
                runner.setPaused(strategy.isPaused)
                // It goes on from its last step, as anywhere else; its shard is looked at again once it has ended.
                if runner.isOutdated(by: strategy) { runner.stop() }
            }
        case .absent:
            let isRestore = strategy.isToBeRestored && ledger.isAwaited(strategy.id, token.shard)
            let runner = StrategyRunner(strategy, token: token, isRestore: isRestore, services: services)
            if let request = strategy.stop {
                guard ledger.beginFinishing(strategy.id) else { return }
                ledger.trials.remove(strategy.id)
                // It does not run any more; but it may have a position to close.
                runner.stop(for: request)
                ledger.add(runner)
                finish(strategy.id, strategy.symbol.name, token, request, after: runner, &group)
            } else if strategy.phase == .failed || strategy.phase == .quarantined {
                ledger.hasFailed(strategy.id, token, isQuarantined: strategy.phase == .quarantined)
            } else if strategy.diedOnTrial == 1 {
                quarantine(strategy, token, &group)
            } else if ledger.trials.contains(strategy.id)
                || ledger.trials.isSuspect(strategy) && ledger.isAwaited(strategy.id, token.shard)
            {
                ledger.trials.add(TrialQueue.Suspect(definition: strategy, token: token))
            } else {
                ledger.add(runner)
            }
        }
    }

    private func reconcile(
        _ strategy: UnreadableStrategy,
        _ token: FencingToken,
        _ ledger: inout HostLedger,
        _ group: inout DiscardingTaskGroup
    ) {
        guard case .absent = ledger.standing(strategy.id, token) else { return }
        if let request = strategy.stop {
            guard ledger.beginFinishing(strategy.id) else { return }
            finish(strategy.id, strategy.symbol, token, request, after: nil, &group)
        } else if strategy.isFailed {
            ledger.hasFailed(strategy.id, token)
        } else {
            group.addTask { [services, continuation] in
                services.logger.error(
                    "Failed strategy: \(strategy.symbol)",
                    metadata: ["strategy.id": "\(strategy.id)", "error": "\(strategy.reason)"]
                )
                try? await services.retrying {
                    try await services.repository.fail(
                        strategy.id,
                        shard: token.shard,
                        owner: token.owner,
                        epoch: token.epoch,
                        error: strategy.reason
                    )
                }
                continuation.yield(.failed(strategy: strategy.id, token))
            }
        }
    }

    func begin(_ ledger: inout HostLedger, _ group: inout DiscardingTaskGroup) {
        let next = ledger.nextToBegin()
        guard !next.isEmpty else { return }
        for runner in next {
            group.addTask { [continuation] in
                await runner.run { continuation.yield(.isUp(runner)) }
                continuation.yield(.ended(runner))
            }
        }
        // It comes behind them.
        group.addTask { [continuation] in continuation.yield(.haveBegun) }
    }

    /// Moves a strategy to the history once its runner has ended.
    private func finish(
        _ strategy: Int64,
        _ symbol: String,
        _ token: FencingToken,
        _ request: StoredStrategy.StopRequest,
        after runner: StrategyRunner?,
        _ group: inout DiscardingTaskGroup
    ) {
        group.addTask { [services, continuation] in
            await runner?.waitUntilEnded()
            if runner?.isHeldUp == true {
                // Looked at again in a moment: it stays as it is, to be stopped, until the halt is lifted.
                try? await Task.sleep(for: Self.longPause)
                continuation.yield(.finished(strategy: strategy, token, isGone: false))
                return
            }
            do {
                let isFinished = try await services.retrying {
                    try await services.repository.finish(
                        strategy,
                        shard: token.shard,
                        owner: token.owner,
                        epoch: token.epoch,
                        reason: request.reason
                    )
                }
                if isFinished {
                    services.logger.info(
                        "Removed strategy: \(symbol) (\(request.reason))",
                        metadata: ["strategy.id": "\(strategy)", "strategy.symbol": "\(symbol)"]
                    )
                }
                continuation.yield(.finished(strategy: strategy, token, isGone: isFinished))
            } catch {
                if !Task.isCancelled {
                    services.logger.error("A stopped strategy could not be removed", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: Self.longPause)
                continuation.yield(.finished(strategy: strategy, token, isGone: false))
            }
        }
    }
}

extension StoredStrategy {
    /// It ran before and is to go on.
    fileprivate var isToBeRestored: Bool {
        checkpoint != nil && stop == nil && phase != .failed && phase != .quarantined
    }
}
