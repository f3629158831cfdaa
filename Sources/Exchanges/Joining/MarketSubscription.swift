import NIOCore
import Synchronization
import Trading

/// One consumer's view of a candle stream: performs what the ``CandleJoinerStateMachine`` decides.
///
/// Reports come from the event loop; fetches run in the consumer's own task, inside ``next()``.
final class MarketSubscription: StreamConsumer {
    private struct State {
        var machine: CandleJoinerStateMachine
        var waiter: CheckedContinuation<Void, Never>?
        /// Something was reported since the machine last said wait.
        var isSignalled = false
    }

    private let state: Mutex<State>
    private let fetch: @Sendable (Timestamp) async throws(ExchangeError) -> CandlePage
    private let eventLoop: any EventLoop
    private let backOff: BackOffPolicy

    init(
        interval: Interval,
        cursor: Timestamp,
        bufferLimit: Int,
        backOff: BackOffPolicy,
        eventLoop: any EventLoop,
        fetch: @escaping @Sendable (Timestamp) async throws(ExchangeError) -> CandlePage
    ) {
        state = Mutex(
            State(machine: CandleJoinerStateMachine(interval: interval, cursor: cursor, bufferLimit: bufferLimit))
        )
        self.fetch = fetch
        self.eventLoop = eventLoop
        self.backOff = backOff
    }

    // MARK: Reports

    func streamAttached() { report { $0.streamAttached() } }
    func streamLost(reason: String) { report { $0.streamLost(reason: reason) } }
    func streamed(_ update: StreamedCandle) { report { $0.streamed(update) } }
    func finish() { report { $0.finish() } }

    private func report(_ change: (inout CandleJoinerStateMachine) -> Bool) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard change(&state.machine) else { return nil }
            guard let waiter = state.waiter.take() else {
                state.isSignalled = true
                return nil
            }
            return waiter
        }
        waiter?.resume()
    }

    // MARK: The consumer

    func next() async throws -> MarketEvent? {
        while true {
            try Task.checkCancellation()
            switch state.withLock({ $0.machine.next() }) {
            case .deliver(let event):
                return event
            case .finish:
                return nil
            case .wait:
                await waitForReport()
            case .backOff(let attempt):
                eventLoop.scheduleTask(in: TimeAmount(backOff.delay(attempt: attempt))) {
                    self.report { $0.backOffElapsed(attempt: attempt) }
                }
            case .fetch(let from):
                try await fill(from: from)
            }
        }
    }

    private func fill(from: Timestamp) async throws {
        do {
            let page = try await fetch(from)
            state.withLock { $0.machine.fetched(page) }
        } catch {
            state.withLock { state in
                if error.isTransient {
                    state.machine.fetchFailed(reason: error.message)
                } else {
                    state.machine.fetchAbandoned()
                }
            }
            if error.isTransient { return }
            if error.code == .cancelled { throw CancellationError() }
            if error.code == .shutDown { finish() } else { throw error }
        }
    }

    private func waitForReport() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state -> Bool in
                    precondition(state.waiter == nil, "market events have one consumer")
                    if state.isSignalled || Task.isCancelled {
                        state.isSignalled = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiter.take() }
            waiter?.resume()
        }
    }
}
