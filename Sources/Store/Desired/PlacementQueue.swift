import Postgres
import Synchronization

/// Records starts, those that come at the same time together: what waits when a statement returns goes into the next one (group
/// commit). One start is one round trip, a hundred at once are a few.
final class PlacementQueue: Sendable {
    typealias Answer = Result<Placement, any Error>
    /// Places all of them in one statement, or throws.
    typealias Statement = @Sendable ([PendingStart]) async throws -> [Placement]

    private struct State {
        var waiting: [(start: PendingStart, continuation: CheckedContinuation<Answer, Never>)] = []
        var statements = 0
    }

    /// In one statement. There have to be shards for all of them to choose from.
    static let largestBatch = 64
    /// Statements at a time: one that waits for something holds up no more than its own.
    private static let mostStatements = 2

    private let state = Mutex(State())
    private let place: Statement

    init(_ place: @escaping Statement) {
        self.place = place
    }

    /// Cancellation does not interrupt it: what has been sent is done.
    func place(_ start: PendingStart) async throws -> Placement {
        let answer = await withCheckedContinuation { continuation in
            let begins = state.withLock { state in
                state.waiting.append((start, continuation))
                guard state.statements < Self.mostStatements else { return false }
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
                let batch = Array(state.waiting.prefix(Self.largestBatch))
                state.waiting.removeFirst(batch.count)
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
