import NIOHTTP1
import Synchronization

/// The faults that were asked for and are still to come.
final class FaultInjector: Sendable {
    private struct State {
        var status: (code: Int, retryAfter: Int?, left: Int)?
        var delay: (duration: Duration, left: Int)?
        var eventsToDrop = 0
        var refusingUntil: ContinuousClock.Instant?
        var order: (fault: OrderFault, left: Int)?
        var held: [@Sendable () -> Void] = []
        var staleReads: Duration = .zero
        var clockOffset: Int64 = 0
        var reports = ReportFaults()
    }

    private let state = Mutex(State())

    /// Lets the next REST requests fail with a status. None if `count` is 0.
    func failRequests(status: Int, retryAfter: Int?, count: Int) {
        state.withLock { $0.status = count > 0 ? (status, retryAfter, count) : nil }
    }

    /// Holds back the answers to the next REST requests.
    func delayRequests(_ duration: Duration, count: Int) {
        state.withLock { $0.delay = count > 0 ? (duration, count) : nil }
    }

    /// Loses the next stream events, for everybody.
    func dropEvents(_ count: Int) {
        state.withLock { $0.eventsToDrop = count }
    }

    /// Closes new connections at once, for a while.
    func refuseConnections(for duration: Duration) {
        state.withLock { $0.refusingUntil = ContinuousClock.now + duration }
    }

    /// To be asked once for each REST request: what is to happen to it.
    func nextRequest() -> (error: APIError?, delay: Duration?) {
        state.withLock { state in
            var error: APIError?
            if let status = state.status {
                error = .failure(status: status.code, retryAfter: status.retryAfter)
                state.status = status.left > 1 ? (status.code, status.retryAfter, status.left - 1) : nil
            }
            var delay: Duration?
            if let pending = state.delay {
                delay = pending.duration
                state.delay = pending.left > 1 ? (pending.duration, pending.left - 1) : nil
            }
            return (error, delay)
        }
    }

    /// To be asked once for each stream event.
    func losesNextEvent() -> Bool {
        state.withLock { state in
            guard state.eventsToDrop > 0 else { return false }
            state.eventsToDrop -= 1
            return true
        }
    }

    var refusesConnections: Bool {
        state.withLock { state in state.refusingUntil.map { ContinuousClock.now < $0 } ?? false }
    }

    // MARK: Orders

    /// What happens to the next order requests. Nothing if `count` is 0.
    func spoilOrders(_ fault: OrderFault, count: Int) {
        state.withLock { $0.order = count > 0 ? (fault, count) : nil }
    }

    /// To be asked once for each order request that reaches the exchange.
    func nextOrder() -> OrderFault {
        state.withLock { state in
            guard let pending = state.order else { return OrderFault() }
            state.order = pending.left > 1 ? (pending.fault, pending.left - 1) : nil
            return pending.fault
        }
    }

    /// Keeps what is to be done until ``release()``.
    func hold(_ action: @escaping @Sendable () -> Void) { state.withLock { $0.held.append(action) } }

    var heldCount: Int { state.withLock { $0.held.count } }

    /// Does what was held, in the order in which it came; answers with how much that was.
    func release() -> Int {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for action in held { action() }
        return held.count
    }

    /// How long an accepted order, and its trades, are missing from every query.
    var staleReads: Duration {
        get { state.withLock { $0.staleReads } }
        set { state.withLock { $0.staleReads = newValue } }
    }

    /// How far the exchange's clock is ahead of market time, in milliseconds.
    var clockOffset: Int64 {
        get { state.withLock { $0.clockOffset } }
        set { state.withLock { $0.clockOffset = newValue } }
    }

    // MARK: Reports

    func spoilReports(_ change: (inout ReportFaults) -> Void) { state.withLock { change(&$0.reports) } }

    /// To be asked once for each group of reports: what is sent of it, and how late.
    func spoil<Report: Sendable>(_ reports: [Report]) -> (reports: [Report], delay: Duration?) {
        state.withLock { $0.reports.spoil(reports) }
    }
}
