import Coordination
package import Logging
import Metrics
import Postgres
import ServiceLifecycle
package import Store
import Synchronization

/// Commits the steps of all strategies on this replica together: whatever is waiting when a commit returns goes into the
/// next statement (group commit). Who comes while nothing is under way begins a commit at once.
///
/// A commit whose answer was lost is repeated: the same steps under the same tokens change nothing the second time.
package final class StepJournal: Service {
    private struct Waiting {
        let step: Step
        let since = ContinuousClock.now
        let continuation: CheckedContinuation<StepOutcome, any Error>
    }

    private enum Phase { case idle, running, closed }

    private struct State {
        var waiting: [Waiting] = []
        var isSuspended = false
        var phase = Phase.idle
        /// Whether somebody commits what waits.
        var isCommitting = false
        /// How often that was begun; and the one who does it, once it is known.
        var begun = 0
        var committer: Task<Void, Never>?
        /// Since when the first step of the commit under way has waited.
        var sending: ContinuousClock.Instant?
        /// When the log last said that commits fail; nil while they do not.
        var complainedAt: ContinuousClock.Instant?
    }

    private let repository: JournalRepository
    private let logger: Logger
    private let state = Mutex(State())
    private let batchSize = Recorder(label: "tenure_checkpoint_batch_size")

    /// Steps in one statement; beyond it the statement's time grows faster than what it saves.
    private static let largestBatch = 2_000
    /// Between attempts while the database does not answer.
    private static let pauses = (shortest: Duration.milliseconds(5), longest: Duration.milliseconds(200))

    package init(repository: JournalRepository, logger: Logger) {
        self.repository = repository
        self.logger = logger
    }

    /// Commits a step; returns once it is durable. Cancellation does not interrupt it: what has been decided is committed.
    ///
    /// - Throws: What makes this step impossible to store; `CancellationError` if the journal has ended.
    package func commit(_ step: Step) async throws -> StepOutcome {
        try await withCheckedThrowingContinuation { continuation in
            let isClosed = state.withLock { state in
                if state.phase != .closed { state.waiting.append(Waiting(step: step, continuation: continuation)) }
                return state.phase == .closed
            }
            if isClosed { continuation.resume(throwing: CancellationError()) } else { begin() }
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
        begin()
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
        state.withLock { $0.phase = .running }
        begin()
        // Throws only when cancelled, which ends it as well.
        try? await gracefulShutdown()
        let committer = state.withLock { state in
            state.phase = .closed
            return state.committer
        }
        committer?.cancel()
        await committer?.value
        giveUp()
    }

    /// Commits what waits, unless somebody does: whoever does goes on with it.
    private func begin() {
        let number: Int? = state.withLock { state in
            guard state.phase == .running, !state.isCommitting, !state.isSuspended, !state.waiting.isEmpty else {
                return nil
            }
            state.isCommitting = true
            state.begun += 1
            return state.begun
        }
        guard let number else { return }
        // Unstructured: what has been decided is committed, although the one that decided it is cancelled; it ends with the
        // service. At once: no other thread is to take it up.
        let committer = Task.immediate { await self.commitWaiting() }
        let isClosed = state.withLock { state in
            // It may be over by now.
            if state.isCommitting, state.begun == number { state.committer = committer }
            return state.phase == .closed
        }
        if isClosed { committer.cancel() }
    }

    private func commitWaiting() async {
        var pause = Self.pauses.shortest
        while let batch = next() {
            let isDone = await commit(batch)
            state.withLock { $0.sending = nil }
            if isDone {
                pause = Self.pauses.shortest
            } else {
                // Cancellation ends the loop: the service has ended.
                try? await Task.sleep(for: pause)
                pause = min(pause * 2, Self.pauses.longest)
            }
        }
        if state.withLock({ $0.phase == .closed }) { giveUp() }
    }

    /// Tells all that wait that nothing more is committed.
    private func giveUp() {
        let left = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiting in left { waiting.continuation.resume(throwing: CancellationError()) }
    }

    /// What goes into the next statement; `nil` ends the committing. A strategy is in a batch at most once: the second of two
    /// steps, under another token, waits for the next.
    private func next() -> [Waiting]? {
        state.withLock { state in
            guard state.phase == .running, !state.isSuspended, !state.waiting.isEmpty else {
                state.isCommitting = false
                state.committer = nil
                return nil
            }
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
