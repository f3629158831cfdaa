internal import CLibPQ
import Logging

/// Requests whose callers no longer want them, or whose time is up; and how long anything is waited for.
extension ConnectionDriver {
    /// How long after its deadline or cancellation a caller waits to learn what became of its statement.
    static func grace(_ reason: PendingRequest.CancelReason?) -> Duration {
        reason == .timeout ? .milliseconds(200) : .seconds(1)
    }
    /// A cancel request without effect is sent again after this.
    static let cancelAgainAfter = Duration.milliseconds(100)
    /// A cancel request is given up after this.
    static let cancelLimit = Duration.seconds(2)
    /// A cancel request under way holds back other statements for at most this long.
    static let gateLimit = Duration.seconds(1)
    /// A server that does not even react to a cancel request for this long is given up.
    static let unresponsiveAfter = Duration.seconds(5)

    func cancel(_ id: UInt64, reason: PendingRequest.CancelReason) {
        guard let entry = pending[id], entry.cancelReason == nil else { return }
        switch machine.cancel(id) {
        case .none: break
        case .failUnsent:
            pending[id] = nil
            answer(entry.request, .failure(Self.unsent(entry.request, reason)))
        case .underWay:
            let now = Moment.now
            entry.cancelReason = reason
            entry.cancelWantedAt = now
            if machine.head == id { stopCopying() }
            wake(at: now + Self.grace(reason))
        }
    }

    func cancelDelivered() {
        cancelStartedAt = nil
        machine.cancelDelivered()
        // To see whether it had an effect.
        wake(at: .now + Self.cancelAgainAfter)
    }

    /// Something may be overdue: looks at every request, and finds out when to look again.
    func deadlinePassed(now: Moment) {
        nextDeadline = nil
        if let closingSince {
            guard closingSince + Self.closeLimit > now else {
                return lose(PostgresError(.closed, "The connection was closed while a statement was still running."))
            }
            wake(at: closingSince + Self.closeLimit)
        }
        if let started = cancelStartedAt {
            if started + Self.gateLimit <= now { machine.openGate() } else { wake(at: started + Self.gateLimit) }
        }
        for (id, entry) in pending {
            if entry.cancelReason == nil {
                guard let deadline = entry.request.deadline else { continue }
                if deadline <= now { cancel(id, reason: .timeout) } else { wake(at: deadline) }
                continue
            }
            if !entry.isAbandoned, let since = entry.cancelWantedAt {
                let limit = since + Self.grace(entry.cancelReason)
                if limit <= now { abandon(entry) } else { wake(at: limit) }
            }
            guard let sent = entry.cancelSentAt else { continue }
            if sent + Self.unresponsiveAfter <= now {
                return lose(
                    PostgresError(
                        .connection,
                        "The server did not react to a cancel request for \(Self.unresponsiveAfter): given up."
                    )
                )
            }
            wake(at: sent + Self.unresponsiveAfter)
            if cancelStartedAt == nil {
                machine.cancelAgain(id)
                wake(at: now + Self.cancelAgainAfter)
            }
        }
    }

    /// It has been cancelled and still sends: what was on its way, which a slow client takes long to read.
    func headIsAlive() {
        guard let head = machine.head, let entry = pending[head], entry.cancelSentAt != nil else { return }
        entry.cancelSentAt = .now
    }

    private func abandon(_ entry: PendingRequest) {
        entry.isAbandoned = true
        answer(
            entry.request,
            .failure(
                PostgresError(
                    entry.cancelReason == .timeout ? .timeout : .cancelled,
                    "The statement was given up, and the server has not yet said what became of it.",
                    mayHaveBeenApplied: true,
                    query: entry.request.text
                )
            )
        )
    }

    func sendCancel(_ target: UInt64) {
        let now = Moment.now
        cancelStartedAt = now
        wake(at: now + Self.gateLimit)
        // The first time counts for giving up.
        if let entry = pending[target], entry.cancelSentAt == nil { entry.cancelSentAt = now }
        wake(at: now + Self.cancelAgainAfter)
        guard let connection, let handle = PQgetCancel(connection) else { return cancelDelivered() }
        let cancel = CancelHandle(handle)
        BlockingThreads.cancelling.run { [self] in
            if let failure = cancel.send(within: Self.cancelLimit) {
                logger.debug("Cancel request to PostgreSQL failed", metadata: ["postgres.message": "\(failure)"])
            }
            IOThread.shared.send(.cancelDelivered(self))
        }
    }
}
