package import Coordination
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
        case expect([Int], CheckedContinuation<Void, Never>)
        case exposed(CheckedContinuation<Set<Int>, Never>)
        case settle([FencingToken], CheckedContinuation<[FencingToken], Never>)
        /// What the database holds; `nil` if it could not be read.
        case loaded(LoadedStrategies?, ShardLoad)
        /// Those whose turn it was have begun.
        case haveBegun
        case isUp(StrategyRunner)
        case ended(StrategyRunner)
        /// The failure of an unreadable strategy has been stored.
        case failed(strategy: Int64, FencingToken, isQuarantined: Bool = false)
        case finished(strategy: Int64, FencingToken, isGone: Bool)
        case markedReady
        /// What is ready has waited long enough for more.
        case isGathered
        /// In these shards something else is wanted than was loaded; `nil` if that could not be found out.
        case compared([Int]?)
        /// These of the suspects may be started now.
        case marked(TrialQueue.Group, Set<Int64>)
        case trialIsOver
    }

    let services: HostingServices
    private let shards: ShardRepository
    private let commands: AsyncStream<Command>
    let continuation: AsyncStream<Command>.Continuation

    /// Before something that failed for no passing reason is tried again.
    static let longPause = Duration.seconds(1)

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

    package func expect(_ shards: [Int]) async {
        await withCheckedContinuation { reply in
            if case .terminated = continuation.yield(.expect(shards, reply)) { reply.resume() }
        }
    }

    package func exposed() async -> Set<Int> {
        await withCheckedContinuation { reply in
            if case .terminated = continuation.yield(.exposed(reply)) { reply.resume(returning: []) }
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
                var ledger = HostLedger(trials: self.services.trials)
                var shown = HostLedger.Census()
                group.addTask { await self.rehearse() }
                for await command in self.commands {
                    self.handle(command, &ledger, &group)
                    self.compare(&ledger, &group)
                    for load in ledger.nextLoads() { self.load(load, &group) }
                    self.begin(&ledger, &group)
                    self.beginTrial(&ledger, &group)
                    self.markReady(&ledger, &group)
                    if ledger.census != shown {
                        shown = ledger.census
                        self.services.metrics.show(shown)
                    }
                }
                group.cancelAll()
                // Those that have never begun end, too: somebody may wait for it.
                for runner in ledger.takeLine() {
                    runner.stop()
                    group.addTask { await runner.run {} }
                }
            }
        } onGracefulShutdown: {
            self.continuation.finish()
        }
    }

    /// Loads nothing and commits nothing, so that the server has planned it when it matters; and again every now and then, because
    /// tables grow, and what is right for a small one reads a large one whole.
    private func rehearse() async {
        // At first the connections are only being made.
        var pause = Duration.milliseconds(100)
        var isCommitRehearsed = false
        while !Task.isCancelled {
            do {
                try await services.restoring.forgetPlans()
                _ = try await services.restoring.load([], owner: 0)
                try await shards.markReady([FencingToken(shard: -1, owner: 0, epoch: 0)])
                if !isCommitRehearsed { try await services.journal.rehearse() }
                isCommitRehearsed = true
                pause = Self.planLifetime
            } catch {
                // The database is away, or its tables are only being made. Nothing depends on it.
            }
            // Cancellation ends it.
            try? await Task.sleep(for: pause)
            if !isCommitRehearsed { pause = .seconds(1) }
        }
    }

    private static let planLifetime = Duration.seconds(5)

    private func handle(_ command: Command, _ ledger: inout HostLedger, _ group: inout DiscardingTaskGroup) {
        switch command {
        case .bringUp(let claims):
            ledger.own(claims, at: .now)
            for runner in ledger.runnersWithOutdatedTokens() { runner.stop() }
        case .abandon(let tokens):
            for runner in ledger.disown(tokens) { runner.stop() }
            services.journal.abandon(tokens)
        case .refresh(let shard?):
            ledger.refresh(shard)
        case .refresh(nil):
            ledger.refreshAll()
        case .compared(let changed):
            ledger.compared(changed)
        case .marked(let trial, let marked):
            self.marked(trial, marked, &ledger, &group)
        case .trialIsOver:
            ledger.trials.isOver()
        case .expect(let shards, let reply):
            group.addTask { await self.listen(to: shards) { reply.resume() } }
        case .exposed(let reply):
            reply.resume(returning: ledger.exposedShards())
        case .settle(let tokens, let reply):
            let runners = ledger.disown(tokens)
            for runner in runners { runner.stop() }
            group.addTask {
                for runner in runners { await runner.waitUntilEnded() }
                reply.resume(returning: tokens)
            }
        case .loaded(nil, let load):
            ledger.loadFailed(load)
        case .loaded(let found?, let load):
            loaded(found, load, &ledger, &group)
        case .haveBegun:
            ledger.haveBegun()
        case .isUp(let runner):
            ledger.isRunning(runner)
        case .ended(let runner):
            ledger.ended(runner)
        case .failed(let strategy, let token, let isQuarantined):
            ledger.hasFailed(strategy, token, isQuarantined: isQuarantined)
        case .finished(let strategy, let token, let isGone):
            ledger.finished(strategy, token, isGone: isGone)
        case .markedReady:
            ledger.isMarkingReady = false
        case .isGathered:
            break
        }
    }

    /// Finds out which shards have changed: one small statement, however many strategies are in them.
    private func compare(_ ledger: inout HostLedger, _ group: inout DiscardingTaskGroup) {
        guard let revisions = ledger.nextComparison() else { return }
        group.addTask { [services, continuation] in
            var changed: [Int]?
            do {
                changed = try await services.retrying { try await services.repository.changed(revisions) }
            } catch {
                if !Task.isCancelled {
                    services.logger.error("Changes could not be looked for", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: Self.longPause)
            }
            continuation.yield(.compared(changed))
        }
    }

    private func load(_ load: ShardLoad, _ group: inout DiscardingTaskGroup) {
        group.addTask { [services, continuation] in
            var found: LoadedStrategies?
            do {
                let owner = load.tokens.first?.owner ?? 0
                found = try await services.retrying {
                    try await services.restoring.load(load.tokens.map { ($0.shard, $0.epoch) }, owner: owner)
                }
            } catch {
                if !Task.isCancelled {
                    services.logger.error("Strategies could not be loaded", metadata: ["error": "\(error)"])
                }
                try? await Task.sleep(for: Self.longPause)
            }
            continuation.yield(.loaded(found, load))
        }
    }

    private func markReady(_ ledger: inout HostLedger, _ group: inout DiscardingTaskGroup) {
        let ready = ledger.takeReady(at: .now)
        if let due = ledger.nextReadyCall() {
            group.addTask { [continuation] in
                // Cancelled when the host ends.
                try? await Task.sleep(until: due, tolerance: .zero, clock: .continuous)
                continuation.yield(.isGathered)
            }
        }
        guard !ready.isEmpty else { return }
        ledger.isMarkingReady = true
        group.addTask { [services, shards, continuation] in
            do {
                try await services.retrying { try await shards.markReady(ready.map(\.token)) }
                for since in ready.compactMap(\.since) { services.metrics.recordRestore(.now - since) }
            } catch {
                if !Task.isCancelled {
                    services.logger.error("Shards could not be marked as ready", metadata: ["error": "\(error)"])
                }
            }
            continuation.yield(.markedReady)
        }
    }
}
