import Synchronization

/// Lets all who have the same question at the same time share one answer: the first asks, the others wait with it.
///
/// An answer counts for nobody who needs one that was asked for later than it was. It is kept for a moment, for those who come
/// just after it.
final class SharedAnswers<Question: Sendable, Answer: Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant
    private typealias Waiter = CheckedContinuation<Result<Answer, ExchangeError>, Never>

    private struct Asking {
        let id: Int
        let question: Question
        let begun: Instant
        var waiters: [Int: Waiter] = [:]
    }

    private struct Kept {
        let question: Question
        let begun: Instant
        let ended: Instant
        let answer: Answer
    }

    private enum Step {
        case resume(Result<Answer, ExchangeError>)
        case begin(asking: Int)
        case wait
    }

    private struct State {
        var lastID = 0
        var askings: [Asking] = []
        var kept: Kept?

        mutating func nextID() -> Int {
            lastID += 1
            return lastID
        }
    }

    private let state = Mutex(State())
    private let lifetime: Duration
    /// Whether the answer to the first also answers the second.
    private let covers: @Sendable (Question, Question) -> Bool
    /// Whether an answer may be kept.
    private let isKept: @Sendable (Answer) -> Bool
    private let ask: @Sendable (Question) async throws(ExchangeError) -> Answer

    init(
        lifetime: Duration,
        covers: @escaping @Sendable (Question, Question) -> Bool,
        isKept: @escaping @Sendable (Answer) -> Bool = { _ in true },
        ask: @escaping @Sendable (Question) async throws(ExchangeError) -> Answer
    ) {
        self.lifetime = lifetime
        self.covers = covers
        self.isKept = isKept
        self.ask = ask
    }

    /// Those who wait for an answer.
    var waiting: Int { state.withLock { $0.askings.reduce(0) { $0 + $1.waiters.count } } }

    /// An answer that was asked for at `since` or later.
    ///
    /// - Throws: What asking threw, to everybody who waits for it; `cancelled` to those alone whose task is cancelled.
    func answer(to question: Question, since: Instant) async throws(ExchangeError) -> Answer {
        let id = state.withLock { $0.nextID() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in wait(waiter, id, question, since) }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                for index in state.askings.indices {
                    if let waiter = state.askings[index].waiters.removeValue(forKey: id) { return waiter }
                }
                return nil
            }
            waiter?.resume(returning: .failure(ExchangeError(.cancelled, "the request was cancelled")))
        }
        return try result.get()
    }

    private func wait(_ waiter: Waiter, _ id: Int, _ question: Question, _ since: Instant) {
        let now = ContinuousClock.now
        let step = state.withLock { state -> Step in
            if Task.isCancelled { return .resume(.failure(ExchangeError(.cancelled, "the request was cancelled"))) }
            if let kept = state.kept {
                if now - kept.ended >= lifetime {
                    state.kept = nil
                } else if kept.begun >= since, covers(kept.question, question) {
                    return .resume(.success(kept.answer))
                }
            }
            let index = state.askings.firstIndex { $0.begun >= since && covers($0.question, question) }
            if let index {
                state.askings[index].waiters[id] = waiter
                return .wait
            }
            let asking = state.nextID()
            state.askings.append(Asking(id: asking, question: question, begun: now, waiters: [id: waiter]))
            return .begin(asking: asking)
        }
        switch step {
        case .resume(let result): waiter.resume(returning: result)
        // Unstructured: it is for everybody who waits, so it must not end with the task of the one who came first.
        case .begin(let asking): Task { await self.run(asking, question) }
        case .wait: break
        }
    }

    private func run(_ id: Int, _ question: Question) async {
        let result: Result<Answer, ExchangeError>
        do throws(ExchangeError) {
            result = .success(try await ask(question))
        } catch {
            result = .failure(error)
        }
        let waiters = state.withLock { state in
            guard let index = state.askings.firstIndex(where: { $0.id == id }) else {
                preconditionFailure("an answer came that nobody asked for")
            }
            let asking = state.askings.remove(at: index)
            if case .success(let answer) = result, isKept(answer), asking.begun >= state.kept?.begun ?? asking.begun {
                state.kept = Kept(question: question, begun: asking.begun, ended: .now, answer: answer)
            }
            return asking.waiters.values
        }
        for waiter in waiters { waiter.resume(returning: result) }
    }
}
