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
        /// History as it was before this is of no use: the stream was not attached, or it has been seen.
        var since = ContinuousClock.now
    }

    private let state: Mutex<State>
    private let fetch: @Sendable (Timestamp, ContinuousClock.Instant) async throws(ExchangeError) -> CandlePage
    private let eventLoop: any EventLoop
    private let backOff: BackOffPolicy

    /// - Parameter fetch: A page of candles from this open time on, as it was at this instant or later.
    init(
        interval: Interval,
        cursor: Timestamp,
        bufferLimit: Int,
        backOff: BackOffPolicy,
        eventLoop: any EventLoop,
        fetch: @escaping @Sendable (Timestamp, ContinuousClock.Instant) async throws(ExchangeError) -> CandlePage
    ) {
        state = Mutex(
            State(machine: CandleJoinerStateMachine(interval: interval, cursor: cursor, bufferLimit: bufferLimit))
        )
        self.fetch = fetch
        self.eventLoop = eventLoop
        self.backOff = backOff
    }

    // MARK: Reports

    func streamAttached(_ memory: StreamMemory) {
        report { state in
            state.since = memory.since
            return state.machine.streamAttached(recent: memory.candles)
        }
    }
    func streamLost(reason: String) { report { $0.machine.streamLost(reason: reason) } }
    func streamed(_ update: StreamedCandle) { report { $0.machine.streamed(update) } }
    func finish() { report { $0.machine.finish() } }

    private func report(_ change: (inout State) -> Bool) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard change(&state) else { return nil }
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
                    self.report { $0.machine.backOffElapsed(attempt: attempt) }
                }
            case .fetch(let from):
                try await fill(from: from)
            }
        }
    }

    private func fill(from: Timestamp) async throws {
        do {
            let page = try await fetch(from, state.withLock { $0.since })
            state.withLock { state in
                state.machine.fetched(page)
                state.since = max(state.since, .now)
            }
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
