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
        let continuation: CheckedContinuation<Bool, any Error>
    }

    private struct State {
        var waiting: [Waiting] = []
        var isSuspended = false
        var isClosed = false
    }

    private let repository: JournalRepository
    private let logger: Logger
    private let state = Mutex(State())
    private let wake: AsyncStream<Void>
    private let wakeUp: AsyncStream<Void>.Continuation
    private let batchSize = Recorder(label: "tenure_checkpoint_batch_size")

    /// Steps in one statement; beyond it the statement's time grows faster than what it saves.
    private static let largestBatch = 2_000

    package init(repository: JournalRepository, logger: Logger) {
        self.repository = repository
        self.logger = logger
        (wake, wakeUp) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Commits a step; returns once it is durable.
    ///
    /// - Returns: False if the strategy is no longer owned under the step's token; then nothing was written.
    package func commit(_ step: Step) async throws -> Bool {
        try await withCheckedThrowingContinuation { continuation in
            let isClosed = state.withLock { state in
                if !state.isClosed { state.waiting.append(Waiting(step: step, continuation: continuation)) }
                return state.isClosed
            }
            if isClosed { continuation.resume(throwing: CancellationError()) } else { wakeUp.yield() }
        }
    }

    /// Commits nothing until ``resume()``; steps wait.
    package func suspend() {
        state.withLock { $0.isSuspended = true }
    }

    package func resume() {
        state.withLock { $0.isSuspended = false }
        wakeUp.yield()
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in self.wake {
                while let batch = self.next() { await self.commit(batch) }
            }
        }
        let left = state.withLock { state in
            state.isClosed = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiting in left { waiting.continuation.resume(throwing: CancellationError()) }
    }

    private func next() -> [Waiting]? {
        state.withLock { state in
            guard !state.isSuspended, !state.waiting.isEmpty else { return nil }
            let batch = Array(state.waiting.prefix(Self.largestBatch))
            state.waiting.removeFirst(batch.count)
            return batch
        }
    }

    private func commit(_ batch: [Waiting]) async {
        batchSize.record(batch.count)
        var pause = Duration.milliseconds(5)
        while true {
            do {
                let committed = try await repository.commit(batch.map(\.step))
                for waiting in batch {
                    waiting.continuation.resume(returning: committed.contains(waiting.step.strategyID))
                }
                return
            } catch {
                guard !Task.isCancelled else {
                    for waiting in batch { waiting.continuation.resume(throwing: CancellationError()) }
                    return
                }
                if let error = error as? PostgresError, error.isTransient {
                    logger.debug("A commit of steps failed; trying again", metadata: ["error": "\(error)"])
                    try? await Task.sleep(for: pause)
                    pause = min(pause * 2, .milliseconds(200))
                } else if batch.count > 1 {
                    // One step that cannot be stored must not hold up the others.
                    for waiting in batch { await commit([waiting]) }
                    return
                } else {
                    batch[0].continuation.resume(throwing: error)
                    return
                }
            }
        }
    }
}
