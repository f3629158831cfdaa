import Coordination
import Logging
import Store

// Suspects are started, and culprits are not.

extension StrategyHost {
    /// Marks the next group of suspects, if it is time.
    func beginTrial(_ ledger: inout HostLedger, _ group: inout DiscardingTaskGroup) {
        guard let suspects = ledger.trials.next() else { return }
        group.addTask { [services, continuation] in
            var marked: Set<Int64> = []
            do {
                marked = try await services.retrying { try await services.repository.beginTrial(suspects.strategies) }
            } catch {
                if !Task.isCancelled {
                    services.logger.error("Suspects could not be marked", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: Self.longPause)
            }
            continuation.yield(.marked(suspects, marked))
        }
    }

    /// Starts those that have been marked, and trusts them after a while.
    func marked(
        _ trial: TrialQueue.Group,
        _ ids: Set<Int64>,
        _ ledger: inout HostLedger,
        _ group: inout DiscardingTaskGroup
    ) {
        var started: [StrategyRunner] = []
        for strategy in trial.strategies {
            guard let suspect = ledger.trials.start(strategy.id) else { continue }
            guard ids.contains(strategy.id), strategy == GuardedStrategy(strategy.id, suspect.token) else {
                // Lost, gone, or taken anew in between: what is true is asked once more.
                ledger.refresh(suspect.token.shard)
                continue
            }
            let isRestore = suspect.definition.checkpoint != nil
            let runner = StrategyRunner(
                suspect.definition,
                token: suspect.token,
                isRestore: isRestore,
                services: services
            )
            ledger.add(runner)
            started.append(runner)
        }
        if !started.isEmpty {
            services.logger.warning(
                "On trial: strategies whose shards were taken from crashed replicas again and again",
                metadata: ["strategy.ids": "\(started.map(\.definition.id))", "trial": "\(trial.duration)"]
            )
        }
        group.addTask { [services, continuation, started] in
            do {
                // On a slow machine, or while the exchange is away, it has not had the time yet to do any harm.
                for runner in started { await runner.waitUntilUp() }
                if !ids.isEmpty {
                    // Nothing announces that it does no harm.
                    try await Task.sleep(for: trial.duration)
                    try await services.retrying { try await services.repository.endTrial(trial.strategies) }
                }
            } catch {
                if !Task.isCancelled {
                    services.logger.error("Suspects could not be unmarked", metadata: ["error": "\(error)"])
                }
            }
            continuation.yield(.trialIsOver)
        }
    }

    /// Its host died while it was the only one on trial.
    func quarantine(_ strategy: StoredStrategy, _ token: FencingToken, _ group: inout DiscardingTaskGroup) {
        let reason = """
            its replica died while this strategy was brought up alone, on trial, as the \(strategy.recentCrashes). of its \
            shard within ten minutes: mend it or stop it; resume runs it again
            """
        group.addTask { [services, continuation] in
            services.logger.error(
                "Quarantined strategy: \(strategy.symbol) (\(strategy.mode))",
                metadata: ["strategy.id": "\(strategy.id)"]
            )
            do {
                try await services.retrying {
                    try await services.repository.quarantine(GuardedStrategy(strategy.id, token), reason: reason)
                }
            } catch {
                // The mark is there still: whoever loads it next comes to the same verdict.
                services.logger.warning("The quarantine could not be stored", metadata: ["error": "\(error)"])
            }
            continuation.yield(.failed(strategy: strategy.id, token, isQuarantined: true))
        }
    }
}
