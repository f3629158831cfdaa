import Coordination
package import Logging
import Metrics
import Postgres
import ServiceLifecycle
package import Store
import Synchronization

/// Commits the steps of all strategies on this replica together: whatever is waiting when a commit returns goes into the
/// next statement (group commit).
///
/// A commit whose answer was lost is repeated: the same steps under the same tokens change nothing the second time.
package final class StepJournal: Service {
    private struct Waiting {
        let step: Step
        let since = ContinuousClock.now
        let continuation: CheckedContinuation<StepOutcome, any Error>
    }

    private struct State {
        var waiting: [Waiting] = []
        var isSuspended = false
        var isClosed = false
        /// Since when the first step of the commit under way has waited.
        var sending: ContinuousClock.Instant?
        /// When the log last said that commits fail; nil while they do not.
        var complainedAt: ContinuousClock.Instant?
    }

    private let repository: JournalRepository
    private let logger: Logger
    private let state = Mutex(State())
    private let wake: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation
    private let batchSize = Recorder(label: "tenure_checkpoint_batch_size")

    /// Steps in one statement; beyond it the statement's time grows faster than what it saves.
    private static let largestBatch = 2_000
    /// Between attempts while the database does not answer.
    private static let pauses = (shortest: Duration.milliseconds(5), longest: Duration.milliseconds(200))

    package init(repository: JournalRepository, logger: Logger) {
        self.repository = repository
        self.logger = logger
        (wake, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Commits a step; returns once it is durable. Cancellation does not interrupt it: what has been decided is committed.
    ///
    /// - Throws: What makes this step impossible to store; `CancellationError` if the journal has ended.
    package func commit(_ step: Step) async throws -> StepOutcome {
        try await withCheckedThrowingContinuation { continuation in
            let isClosed = state.withLock { state in
                if !state.isClosed { state.waiting.append(Waiting(step: step, continuation: continuation)) }
                return state.isClosed
            }
            if isClosed { continuation.resume(throwing: CancellationError()) } else { wakeUp.yield() }
        }
    }

    /// Commits nothing: see `JournalRepository.rehearseCommits`.
    func rehearse() async throws { try await repository.rehearseCommits() }

    /// Steps that wait to be sent.
    var waitingSteps: Int { state.withLock { $0.waiting.count } }

    /// How long the oldest step that is not committed yet has waited.
    package var delay: Duration {
        let oldest = state.withLock { $0.sending ?? $0.waiting.first?.since }
        return oldest?.duration(to: .now) ?? .zero
    }

    /// Begins no further commit until ``resume()``; steps wait. One that has been sent is not called back.
    package func suspend() {
        state.withLock { $0.isSuspended = true }
    }

    package func resume() {
        state.withLock { $0.isSuspended = false }
        wakeUp.yield()
    }

    /// Gives up the steps that wait under these tokens: their strategies are somebody else's now.
    func abandon(_ tokens: [FencingToken]) {
        let gone = Set(tokens)
        let dropped = state.withLock { state in
            let dropped = state.waiting.filter { gone.contains($0.step.token) }
            if !dropped.isEmpty { state.waiting.removeAll { gone.contains($0.step.token) } }
            return dropped
        }
        for waiting in dropped { waiting.continuation.resume(returning: .lost) }
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var pause = Self.pauses.shortest
            for await _ in self.wake {
                while !Task.isCancelled, let batch = self.next() {
                    let isDone = await self.commit(batch)
                    self.state.withLock { $0.sending = nil }
                    if isDone {
                        pause = Self.pauses.shortest
                    } else {
                        // Cancellation ends both loops.
                        try? await Task.sleep(for: pause)
                        pause = min(pause * 2, Self.pauses.longest)
                    }
                }
            }
        }
        let left = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiting in left { waiting.continuation.resume(throwing: CancellationError()) }
    }

    /// A strategy is in a batch at most once: the second of two steps, under another token, waits for the next.
    private func next() -> [Waiting]? {
        state.withLock { state in
            guard !state.isSuspended, !state.waiting.isEmpty else { return nil }
            var batch: [Waiting] = []
            var later: [Waiting] = []
            var strategies: Set<Int64> = []
            for waiting in state.waiting {
                if batch.count < Self.largestBatch, strategies.insert(waiting.step.strategyID).inserted {
                    batch.append(waiting)
                } else {
                    later.append(waiting)
                }
            }
            state.waiting = later
            state.sending = batch.first?.since
            return batch
        }
    }

    /// False if the database did not answer: then the steps wait again, to be suspended, abandoned or sent once more.
    private func commit(_ batch: [Waiting]) async -> Bool {
        do {
            let began = ContinuousClock.now
            let answer = try await repository.commit(batch.map(\.step))
            batchSize.record(batch.count)
            noteSuccess()
            for waiting in batch {
                waiting.continuation.resume(returning: StepOutcome(answer, waiting.step.strategyID, began: began))
            }
            return true
        } catch let error as PostgresError where error.isTransient || Task.isCancelled {
            logger.debug("A commit of steps failed; trying again", metadata: ["error": "\(error)"])
            noteFailure(error, of: batch)
            state.withLock { $0.waiting.insert(contentsOf: batch, at: 0) }
            return false
        } catch {
            guard batch.count > 1 else {
                batch[0].continuation.resume(throwing: error)
                return true
            }
            // One step that cannot be stored must not hold up the others: halve until it is alone.
            let middle = batch.count / 2
            let isFirstDone = await commit(Array(batch[..<middle]))
            let isSecondDone = await commit(Array(batch[middle...]))
            return isFirstDone && isSecondDone
        }
    }

    /// Said once it lasts, and then now and then: that another attempt was needed is nobody's business.
    private func noteFailure(_ error: PostgresError, of batch: [Waiting]) {
        let now = ContinuousClock.now
        let isDue = state.withLock { state in
            guard batch[0].since.duration(to: now) > .seconds(1),
                state.complainedAt.map({ $0.duration(to: now) > .seconds(30) }) ?? true
            else { return false }
            state.complainedAt = now
            return true
        }
        guard isDue else { return }
        logger.error(
            "Steps cannot be committed: their strategies wait",
            metadata: ["steps": "\(batch.count)", "error": "\(error)"]
        )
    }

    private func noteSuccess() {
        let wasTrouble = state.withLock { state in
            defer { state.complainedAt = nil }
            return state.complainedAt != nil
        }
        if wasTrouble { logger.notice("Steps are committed again") }
    }
}

extension Step {
    fileprivate var token: FencingToken { FencingToken(shard: shard, owner: owner, epoch: epoch) }
}
