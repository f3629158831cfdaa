package import Coordination
import CoreMetrics
import Logging
import ServiceLifecycle
import Store

/// Runs the strategies of the shards that this replica owns: loads them, starts and stops their runners, and keeps what runs
/// in step with what is wanted.
///
/// A single task decides (``HostLedger`` is its memory); what takes time goes on in children and answers with a command.
package final class StrategyHost: ShardHost, Service {
    enum Command: Sendable {
        case bringUp([ShardClaim])
        case abandon([FencingToken])
        case refresh(shard: Int?)
        case choose(strategies: Int, CheckedContinuation<[FencingToken], Never>)
        case settle([FencingToken], CheckedContinuation<[FencingToken], Never>)
        /// What the database holds for these shards; `isRestore` if they have just been taken.
        case loaded([StoredStrategy], of: [FencingToken], isRestore: Bool)
        case isUp(strategy: Int64)
        case ended(StrategyRunner)
        case finished(strategy: Int64)
        case markedReady
    }

    private let services: HostingServices
    private let shards: ShardRepository
    private let commands: AsyncStream<Command>
    private let continuation: AsyncStream<Command>.Continuation

    package init(services: HostingServices, shards: ShardRepository) {
        self.services = services
        self.shards = shards
        (commands, continuation) = AsyncStream.makeStream()
    }

    // MARK: ShardHost

    package func bringUp(_ claims: [ShardClaim]) { continuation.yield(.bringUp(claims)) }
    package func abandon(_ tokens: [FencingToken]) { continuation.yield(.abandon(tokens)) }
    package func refresh(shard: Int?) { continuation.yield(.refresh(shard: shard)) }
    package func suspend() { services.journal.suspend() }
    package func resume() { services.journal.resume() }

    package func choose(strategies: Int) async -> [FencingToken] {
        await withCheckedContinuation { reply in
            if case .terminated = continuation.yield(.choose(strategies: strategies, reply)) {
                reply.resume(returning: [])
            }
        }
    }

    package func settle(_ tokens: [FencingToken]) async -> [FencingToken] {
        await withCheckedContinuation { reply in
            if case .terminated = continuation.yield(.settle(tokens, reply)) { reply.resume(returning: []) }
        }
    }

    // MARK: Service

    /// Runs until a graceful shutdown reaches it: after the replica's drain, which needs it to the last.
    package func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                var ledger = HostLedger()
                for await command in self.commands { self.handle(command, &ledger, &group) }
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.continuation.finish()
        }
    }

    private func handle(_ command: Command, _ ledger: inout HostLedger, _ group: inout DiscardingTaskGroup) {
        switch command {
        case .bringUp(let claims):
            let tokens = ledger.own(claims.map(\.token))
            for runner in ledger.runnersWithOutdatedTokens() { runner.stop() }
            let loaded = claims.filter { $0.strategies > 0 && tokens.contains($0.token) }.map(\.token)
            if !loaded.isEmpty { load(loaded, isRestore: true, &group) }
        case .abandon(let tokens):
            for runner in ledger.disown(tokens) { runner.stop() }
        case .refresh(let shard):
            if let tokens = ledger.refresh(shard) { load(tokens, isRestore: false, &group) }
        case .choose(let strategies, let reply):
            reply.resume(returning: ledger.choose(strategies: strategies))
        case .settle(let tokens, let reply):
            let runners = ledger.disown(tokens)
            for runner in runners { runner.stop() }
            group.addTask {
                for runner in runners { await runner.waitUntilEnded() }
                reply.resume(returning: tokens)
            }
        case .loaded(let strategies, let tokens, let isRestore):
            loaded(strategies, tokens, isRestore: isRestore, &ledger, &group)
        case .isUp(let strategy):
            ledger.isUp(strategy)
            markReady(&ledger, &group)
        case .ended(let runner):
            ledger.ended(runner.definition.id, runner)
        case .finished(let strategy):
            ledger.finished(strategy)
        case .markedReady:
            ledger.isMarkingReady = false
            markReady(&ledger, &group)
        }
    }

    private func load(_ tokens: [FencingToken], isRestore: Bool, _ group: inout DiscardingTaskGroup) {
        guard let owner = tokens.first?.owner else { return }
        group.addTask { [services, continuation] in
            do {
                let strategies = try await services.retrying {
                    try await services.repository.load(tokens.map { ($0.shard, $0.epoch) }, owner: owner)
                }
                continuation.yield(.loaded(strategies.strategies, of: tokens, isRestore: isRestore))
            } catch {
                if !Task.isCancelled {
                    services.logger.error("Strategies could not be loaded", metadata: ["error": "\(error)"])
                }
                continuation.yield(.loaded([], of: [], isRestore: isRestore))
            }
        }
    }

    private func loaded(
        _ strategies: [StoredStrategy],
        _ tokens: [FencingToken],
        isRestore: Bool,
        _ ledger: inout HostLedger,
        _ group: inout DiscardingTaskGroup
    ) {
        if let again = ledger.refreshed(isRestore: isRestore) { load(again, isRestore: false, &group) }
        let current = tokens.filter(ledger.owns)
        let tokenOfShard = Dictionary(uniqueKeysWithValues: current.map { ($0.shard, $0) })
        let strategies = strategies.filter { tokenOfShard[$0.shard] != nil }
        let restored = isRestore ? strategies.filter { $0.checkpoint != nil && $0.phase != .failed } : []
        if !restored.isEmpty {
            services.logger.info("Restoring \(restored.count) strategies", metadata: ["count": "\(restored.count)"])
            services.metrics.restores.increment(by: restored.count)
        }
        if isRestore { ledger.awaitReady(current, strategies) }
        // What runs here, but is not wanted any more: finished elsewhere.
        for runner in ledger.runners(in: current, notIn: strategies) { runner.stop() }
        for strategy in strategies {
            guard let token = tokenOfShard[strategy.shard] else { continue }
            if let request = strategy.stop {
                finish(strategy, token, request, &ledger, &group)
            } else if let runner = ledger.runner(strategy.id) {
                runner.setPaused(strategy.isPaused)
            } else if strategy.phase == .failed || strategy.phase == .quarantined {
                ledger.isUp(strategy.id)
            } else {
                start(strategy, token, isRestore: isRestore && strategy.checkpoint != nil, &ledger, &group)
            }
        }
        markReady(&ledger, &group)
    }

    private func start(
        _ strategy: StoredStrategy,
        _ token: FencingToken,
        isRestore: Bool,
        _ ledger: inout HostLedger,
        _ group: inout DiscardingTaskGroup
    ) {
        let runner = StrategyRunner(strategy, token: token, isRestore: isRestore, services: services)
        // One that is still ending under an older token goes first: two runners of one strategy never overlap here.
        let previous = ledger.add(runner)
        group.addTask { [continuation] in
            await previous?.waitUntilEnded()
            await runner.run { report in
                switch report {
                case .isUp: continuation.yield(.isUp(strategy: strategy.id))
                case .ended: continuation.yield(.ended(runner))
                }
            }
        }
    }

    private func finish(
        _ strategy: StoredStrategy,
        _ token: FencingToken,
        _ request: StoredStrategy.StopRequest,
        _ ledger: inout HostLedger,
        _ group: inout DiscardingTaskGroup
    ) {
        guard ledger.beginFinishing(strategy.id) else { return }
        // A restored strategy whose stop was asked for meanwhile has no runner; to close its position it needs one.
        let runner =
            ledger.runner(strategy.id)
            ?? StrategyRunner(strategy, token: token, isRestore: false, services: services)
        let isRunning = ledger.runner(strategy.id) != nil
        group.addTask { [services, continuation] in
            runner.stop(for: request)
            if !isRunning { await runner.run { _ in } }
            await runner.waitUntilEnded()
            do {
                let isFinished = try await services.retrying {
                    try await services.repository.finish(
                        strategy.id,
                        shard: token.shard,
                        owner: token.owner,
                        epoch: token.epoch,
                        reason: request.reason
                    )
                }
                if isFinished {
                    services.logger.info(
                        "Removed strategy: \(strategy.symbol) (\(request.reason))",
                        metadata: ["strategy.id": "\(strategy.id)", "strategy.symbol": "\(strategy.symbol)"]
                    )
                }
            } catch {
                if !Task.isCancelled {
                    services.logger.error("A stopped strategy could not be removed", metadata: ["error": "\(error)"])
                }
            }
            continuation.yield(.finished(strategy: strategy.id))
        }
    }

    private func markReady(_ ledger: inout HostLedger, _ group: inout DiscardingTaskGroup) {
        let ready = ledger.takeReady()
        guard !ready.isEmpty else { return }
        ledger.isMarkingReady = true
        group.addTask { [services, shards, continuation] in
            do {
                try await services.retrying { try await shards.markReady(ready) }
            } catch {
                if !Task.isCancelled {
                    services.logger.error("Shards could not be marked as ready", metadata: ["error": "\(error)"])
                }
            }
            continuation.yield(.markedReady)
        }
    }
}
