import Synchronization
import Testing

@testable import Exchanges

@Suite(.timeLimit(.minutes(1))) struct SharedAnswersTests {
    /// Counts how often it is asked, and answers when it is let.
    private final class Oracle: Sendable {
        private struct State {
            var asked: [Int] = []
            var waiting: [CheckedContinuation<Void, Never>] = []
        }

        private let state = Mutex(State())

        var count: Int { state.withLock { $0.asked.count } }

        func answer(_ question: Int) async throws(ExchangeError) -> Int {
            await withCheckedContinuation { waiter in
                state.withLock { state in
                    state.asked.append(question)
                    state.waiting.append(waiter)
                }
            }
            if question < 0 { throw ExchangeError(.unreachable, "down") }
            return question * 10
        }

        func release() {
            let waiting = state.withLock { state in
                defer { state.waiting = [] }
                return state.waiting
            }
            for waiter in waiting { waiter.resume() }
        }
    }

    private let oracle = Oracle()

    private func answers(lifetime: Duration = .zero) -> SharedAnswers<Int, Int> {
        SharedAnswers(
            lifetime: lifetime,
            covers: { $0 == $1 },
            ask: { [oracle] (question: Int) async throws(ExchangeError) in try await oracle.answer(question) }
        )
    }

    @Test func `who asks the same at the same time gets the same answer, asked for once`() async throws {
        let answers = answers()
        let since = ContinuousClock.now
        try await withThrowingTaskGroup { group in
            for _ in 0..<50 { group.addTask { try await answers.answer(to: 1, since: since) } }
            while answers.waiting < 50 { await Task.yield() }
            oracle.release()
            for try await answer in group { #expect(answer == 10) }
        }
        #expect(oracle.count == 1)
    }

    @Test func `another question, and one that needs a later answer, are asked of their own`() async throws {
        let answers = answers()
        let since = ContinuousClock.now
        try await withThrowingTaskGroup { group in
            group.addTask { try await answers.answer(to: 1, since: since) }
            while answers.waiting < 1 { await Task.yield() }
            group.addTask { try await answers.answer(to: 2, since: since) }
            group.addTask { try await answers.answer(to: 1, since: .now + .seconds(60)) }
            while oracle.count < 3 { await Task.yield() }
            oracle.release()
            var all: [Int] = []
            for try await answer in group { all.append(answer) }
            #expect(all.sorted() == [10, 10, 20])
        }
    }

    @Test func `an answer is kept for a moment, and only for those whom it serves`() async throws {
        let answers = answers(lifetime: .seconds(3_600))
        let since = ContinuousClock.now
        async let first = answers.answer(to: 1, since: since)
        while oracle.count < 1 { await Task.yield() }
        oracle.release()
        #expect(try await first == 10)
        #expect(try await answers.answer(to: 1, since: since) == 10)
        #expect(oracle.count == 1)
        async let later = answers.answer(to: 1, since: .now)
        while oracle.count < 2 { await Task.yield() }
        oracle.release()
        #expect(try await later == 10)
    }

    @Test func `a failure is everybody's, and the end of one is nobody else's`() async throws {
        let answers = answers()
        let since = ContinuousClock.now
        let leaving = Task { try await answers.answer(to: -1, since: since) }
        while answers.waiting < 1 { await Task.yield() }
        async let staying = answers.answer(to: -1, since: since)
        while answers.waiting < 2 { await Task.yield() }
        leaving.cancel()
        await #expect(throws: ExchangeError.self) { try await leaving.value }
        #expect(answers.waiting == 1)
        oracle.release()
        do {
            _ = try await staying
            Issue.record("no error")
        } catch {
            #expect((error as? ExchangeError)?.code == .unreachable)
        }
        #expect(oracle.count == 1)
    }
}
