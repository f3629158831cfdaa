import Synchronization

/// Where a giver learns how far the receivers are: they announce it by notifications. Nothing depends on it but the pace, so
/// whoever waits here waits for a moment only.
final class HandOverPace: Sendable {
    struct Progress: Sendable {
        /// Who is ready for what was announced.
        var waiting: Set<ReplicaID> = []
        /// Shards that have been brought up elsewhere.
        var ready = 0
    }

    private struct State {
        var progress = Progress()
        var news: AsyncStream<Void>.Continuation?
    }

    private let state = Mutex(State())

    func begin() { state.withLock { $0.progress = Progress() } }

    var ready: Int { state.withLock { $0.progress.ready } }

    func note(waiting receiver: ReplicaID) { note { $0.waiting.insert(receiver) } }

    func note(ready shards: Int) { note { $0.ready += shards } }

    private func note(_ change: (inout Progress) -> Void) {
        state.withLock { state in
            change(&state.progress)
            state.news?.yield()
        }
    }

    /// Returns as soon as it is so, or when `limit` has passed.
    func wait(atMost limit: Duration, until isSo: @escaping @Sendable (Progress) -> Bool) async {
        let (news, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        // What came before counts, too.
        continuation.yield()
        state.withLock { $0.news = continuation }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in news where self.state.withLock({ isSo($0.progress) }) { return }
            }
            // Cancelled when it has been so in time.
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }
}
