import NIOHTTP1
import Synchronization

/// The faults that were asked for and are still to come.
final class FaultInjector: Sendable {
    private struct State {
        var status: (code: Int, left: Int)?
        var delay: (duration: Duration, left: Int)?
        var eventsToDrop = 0
        var refusingUntil: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Lets the next REST requests fail with a status. None if `count` is 0.
    func failRequests(status: Int, count: Int) {
        state.withLock { $0.status = count > 0 ? (status, count) : nil }
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
    func nextRequest() -> (response: SimulatorResponse?, delay: Duration?) {
        state.withLock { state in
            var response: SimulatorResponse?
            if let status = state.status {
                let code = status.code == 504 ? -1007 : -1000
                let message = "An unknown error occurred while processing the request."
                response = SimulatorResponse(APIError(.init(statusCode: status.code), code: code, message))
                state.status = status.left > 1 ? (status.code, status.left - 1) : nil
            }
            var delay: Duration?
            if let pending = state.delay {
                delay = pending.duration
                state.delay = pending.left > 1 ? (pending.duration, pending.left - 1) : nil
            }
            return (response, delay)
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
}
