import Synchronization
import Trading

/// Hands one consumer what the stream tells of an account.
///
/// The buffer is bounded; what does not fit is let go, and the consumer is told that something is missing (policy: interrupt on
/// overflow), so that it asks the exchange's books instead.
final class AccountSubscription: StreamConsumer {
    private static let bufferLimit = 4_096

    let events: AsyncStream<AccountEvent>
    private let continuation: AsyncStream<AccountEvent>.Continuation
    private let isOverflown = Mutex(false)

    init() {
        (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.bufferLimit))
    }

    func streamAttached(_ memory: StreamMemory) { deliver(.joined) }
    func streamLost(reason: String) { deliver(.interrupted(reason: reason)) }
    func received(_ event: AccountEvent) { deliver(event) }
    func finish() { continuation.finish() }

    private func deliver(_ event: AccountEvent) {
        isOverflown.withLock { isOverflown in
            if isOverflown {
                guard case .enqueued = continuation.yield(.interrupted(reason: "its consumer is too slow")) else {
                    return
                }
                isOverflown = false
                if case .dropped = continuation.yield(.joined) { isOverflown = true }
            }
            if case .dropped = continuation.yield(event) { isOverflown = true }
        }
    }
}
