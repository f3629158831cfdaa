import Synchronization

/// One subscriber's events, for one task to iterate; ends when the listener's `run()` does. Bounded: when the consumer is
/// too slow, what is buffered is dropped and replaced by `.lost` (and `.connected`, if that is so).
package struct PostgresNotificationEvents: AsyncSequence, Sendable {
    package typealias Element = PostgresNotificationEvent
    package typealias Failure = Never

    /// Ends the subscription when nobody can iterate it any more.
    fileprivate final class Token: Sendable {
        let buffer: NotificationBuffer
        private let onEnd: @Sendable () -> Void

        init(buffer: NotificationBuffer, onEnd: @escaping @Sendable () -> Void) {
            self.buffer = buffer
            self.onEnd = onEnd
        }

        deinit {
            onEnd()
        }
    }

    private let token: Token

    init(buffer: NotificationBuffer, onEnd: @escaping @Sendable () -> Void) {
        token = Token(buffer: buffer, onEnd: onEnd)
    }

    package func makeAsyncIterator() -> Iterator {
        Iterator(token: token)
    }

    package struct Iterator: AsyncIteratorProtocol {
        private let token: Token

        fileprivate init(token: Token) {
            self.token = token
        }

        /// nil at the end, or when the task is cancelled.
        package mutating func next() async -> PostgresNotificationEvent? {
            await token.buffer.next()
        }

        package mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(Never) -> PostgresNotificationEvent? {
            await token.buffer.next()
        }
    }
}

/// The bounded buffer between the I/O thread and one consumer.
final class NotificationBuffer: Sendable {
    private struct Protected {
        var events = FIFO<PostgresNotificationEvent>()
        var isConnected = false
        var isFinished = false
        var consumer: CheckedContinuation<PostgresNotificationEvent?, Never>?
    }

    let capacity: Int
    private let protected = Mutex(Protected())

    init(capacity: Int) {
        precondition(capacity >= 2, "overflow needs room for two events")
        self.capacity = capacity
    }

    func push(_ event: PostgresNotificationEvent) {
        let consumer: CheckedContinuation<PostgresNotificationEvent?, Never>? = protected.withLock { protected in
            switch event {
            case .connected: protected.isConnected = true
            case .lost: protected.isConnected = false
            case .notification: break
            }
            if let consumer = protected.consumer {
                protected.consumer = nil
                return consumer
            }
            if protected.events.count >= capacity {
                protected.events.removeAll()
                protected.events.append(
                    .lost(
                        PostgresError(
                            .connection,
                            "More than \(capacity) notifications were waiting to be read; they were dropped."
                        )
                    )
                )
                if protected.isConnected { protected.events.append(.connected) }
                // The event itself is among the dropped.
                return nil
            }
            protected.events.append(event)
            return nil
        }
        consumer?.resume(returning: event)
    }

    func finish() {
        let consumer = protected.withLock { protected in
            protected.isFinished = true
            defer { protected.consumer = nil }
            return protected.consumer
        }
        consumer?.resume(returning: nil)
    }

    func next() async -> PostgresNotificationEvent? {
        let ticket = CancellationTicket()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: PostgresNotificationEvent?? = protected.withLock { protected in
                    if let event = protected.events.popFirst() { return .some(event) }
                    if protected.isFinished || ticket.isCancelled { return .some(nil) }
                    precondition(protected.consumer == nil, "a subscription is iterated by two tasks at once")
                    protected.consumer = continuation
                    return .none
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            ticket.cancel()
            let consumer = protected.withLock { protected in
                defer { protected.consumer = nil }
                return protected.consumer
            }
            consumer?.resume(returning: nil)
        }
    }
}
