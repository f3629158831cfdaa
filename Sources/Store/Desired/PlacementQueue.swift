import Postgres
import Synchronization

/// Records starts, those that come at the same time together: what waits when a statement returns goes into the next one (group
/// commit). One start is one round trip, a hundred at once are a few.
final class PlacementQueue: Sendable {
    typealias Answer = Result<Placement, any Error>
    /// Places all of them in one statement, or throws.
    typealias Statement = @Sendable ([PendingStart]) async throws -> [Placement]

    private typealias Waiting = (start: PendingStart, continuation: CheckedContinuation<Answer, Never>)

    private struct State {
        var waiting: [Waiting] = []
        var statements = 0

        /// A key is in it at most once: the second request with it waits for what becomes of the first.
        mutating func next(atMost count: Int) -> [Waiting] {
            var (batch, later, keys) = ([Waiting](), [Waiting](), Set<IdempotencyKey>())
            for one in waiting {
                if batch.count < count, one.start.key.map({ keys.insert($0).inserted }) ?? true {
                    batch.append(one)
                } else {
                    later.append(one)
                }
            }
            waiting = later
            return batch
        }
    }

    private let largestBatch: Int
    private let mostStatements: Int
    private let state = Mutex(State())
    private let place: Statement

    /// - Parameters:
    ///   - largestBatch: Starts in one statement.
    ///   - mostStatements: Statements at a time.
    init(largestBatch: Int, mostStatements: Int, _ place: @escaping Statement) {
        self.largestBatch = largestBatch
        self.mostStatements = mostStatements
        self.place = place
    }

    /// Starts that wait for a statement.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// Cancellation does not interrupt it: what has been sent is done.
    func place(_ start: PendingStart) async throws -> Placement {
        let answer = await withCheckedContinuation { continuation in
            let begins = state.withLock { state in
                state.waiting.append((start, continuation))
                guard state.statements < mostStatements else { return false }
                state.statements += 1
                return true
            }
            // Unstructured: it is for everybody who waits, so it must not end with the task of the one who came first.
            if begins { Task { await self.send() } }
        }
        return try answer.get()
    }

    private func send() async {
        while true {
            let batch = state.withLock { state in
                let batch = state.next(atMost: largestBatch)
                if batch.isEmpty { state.statements -= 1 }
                return batch
            }
            guard !batch.isEmpty else { return }
            let answers = await answers(to: batch.map(\.start))
            for (waiting, answer) in zip(batch, answers) { waiting.continuation.resume(returning: answer) }
        }
    }

    private func answers(to starts: [PendingStart]) async -> [Answer] {
        do {
            return try await place(starts).map { .success($0) }
        } catch let error as PostgresError where error.code == .server && starts.count > 1 {
            // What is wrong with one of them must not spoil the others.
            var answers: [Answer] = []
            for start in starts { answers += await self.answers(to: [start]) }
            return answers
        } catch {
            return starts.map { _ in .failure(error) }
        }
    }
}
