import NIOCore
import Synchronization

/// Makes requests wait for their turn: performs what the ``RequestBudgetStateMachine`` decides.
final class RequestGate: Sendable {
    private typealias Waiter = CheckedContinuation<Result<Void, ExchangeError>, Never>

    private struct State {
        var machine: RequestBudgetStateMachine
        var waiters: [RequestBudgetStateMachine.ID: Waiter] = [:]
        var nextID = 0
        var wake: ContinuousClock.Instant?
    }

    private let state: Mutex<State>
    private let replicas: @Sendable () -> Int
    private let eventLoop: any EventLoop
    private let clock = ContinuousClock()

    /// - Parameter replicas: how many may be behind this address now, this one included.
    init(configuration: BinanceConfiguration, replicas: @Sendable @escaping () -> Int, eventLoop: any EventLoop) {
        self.replicas = replicas
        self.eventLoop = eventLoop
        state = Mutex(
            State(
                machine: RequestBudgetStateMachine(
                    weightPerMinute: configuration.weightPerMinute,
                    concurrency: configuration.concurrentRequests,
                    longestQueueing: configuration.longestQueueing
                )
            )
        )
    }

    /// Returns when a request of this weight may be sent; ``leave(used:)`` must follow.
    ///
    /// - Parameter patience: an urgent request goes before the others, and waits no longer than this.
    func enter(weight: Int, urgentFor patience: Duration? = nil) async throws(ExchangeError) {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: Waiter) in
                if Task.isCancelled {
                    continuation.resume(returning: .failure(ExchangeError(.cancelled, "the request was cancelled")))
                    return
                }
                change { state, now in
                    state.waiters[id] = continuation
                    return state.machine.submit(id, weight: weight, urgentFor: patience, now: now)
                }
            }
        } onCancel: {
            let waiter = state.withLock { $0.machine.withdraw(id) ? $0.waiters.removeValue(forKey: id) : nil }
            waiter?.resume(returning: .failure(ExchangeError(.cancelled, "the request was cancelled")))
        }
        try result.get()
    }

    /// A request that had entered is over.
    func leave(used: Int?) { change { state, now in state.machine.finished(used: used, now: now) } }

    /// The exchange wants to be left alone until then.
    ///
    /// - Returns: whether this is news; requests under way at once are all told.
    func penalize(until end: ContinuousClock.Instant) -> Bool {
        var isNews = false
        change { state, now in
            isNews = end.isNews(after: state.machine.penaltyEnd)
            return state.machine.penalize(until: end, now: now)
        }
        return isNews
    }

    var penaltyEnd: ContinuousClock.Instant? { state.withLock { $0.machine.penaltyEnd } }

    func limit(toWeightPerMinute weight: Int) { change { state, now in state.machine.limit(to: weight, now: now) } }

    private func change(_ event: (inout State, ContinuousClock.Instant) -> RequestBudgetStateMachine.Turn) {
        let now = clock.now
        let replicas = max(1, replicas())
        let (resumptions, delay) = state.withLock { state in
            state.machine.share(among: replicas)
            let turn = event(&state, now)
            var resumptions: [(Waiter, Result<Void, ExchangeError>)] = []
            for id in turn.admitted {
                if let waiter = state.waiters.removeValue(forKey: id) { resumptions.append((waiter, .success(()))) }
            }
            for (id, retryAfter) in turn.refused {
                guard let waiter = state.waiters.removeValue(forKey: id) else { continue }
                let error = ExchangeError(
                    .rateLimited,
                    "the exchange's request limit is used up; wait, or run fewer strategies behind this address",
                    retryAfter: retryAfter
                )
                resumptions.append((waiter, .failure(error)))
            }
            guard let wake = turn.wake, wake < state.wake ?? (wake + .seconds(1)) else {
                return (resumptions, Duration?.none)
            }
            state.wake = wake
            return (resumptions, now.duration(to: wake))
        }
        for (waiter, result) in resumptions { waiter.resume(returning: result) }
        guard let delay else { return }
        eventLoop.scheduleTask(in: TimeAmount(delay)) {
            self.change { state, now in
                state.wake = nil
                return state.machine.advance(now: now)
            }
        }
    }
}
