import Synchronization
package import Trading

extension BinanceExchange {
    /// How long it may take until all streams are attached.
    private static let patience = Duration.milliseconds(400)

    package func listen(
        to markets: [(symbol: Symbol, interval: Interval)],
        for duration: Duration,
        isAttached: @Sendable () -> Void
    ) async {
        let (news, attached) = AsyncStream<Void>.makeStream()
        let ears: [(consumer: any StreamConsumer, stream: String)] =
            Set(markets.map { StreamMessage.name($0.symbol, $0.interval) }).map { (Ear(attached), $0) }
        streams.add(ears)
        defer { streams.remove(ears) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [count = ears.count] in
                var left = count
                var iterator = news.makeAsyncIterator()
                while left > 0, await iterator.next() != nil { left -= 1 }
            }
            // Cancelled when they are attached in time.
            group.addTask { try? await Task.sleep(for: Self.patience) }
            await group.next()
            group.cancelAll()
        }
        isAttached()
        // Cancelled when the host ends.
        try? await Task.sleep(for: duration)
    }
}

/// Keeps a stream attached, and listens to nothing. What it tells meanwhile is remembered for those who come.
private final class Ear: StreamConsumer {
    private let attached: AsyncStream<Void>.Continuation
    private let hasTold = Atomic(false)

    init(_ attached: AsyncStream<Void>.Continuation) {
        self.attached = attached
    }

    func streamAttached(_ memory: StreamMemory) {
        if !hasTold.exchange(true, ordering: .relaxed) { attached.yield() }
    }

    func streamLost(reason: String) {}
    func finish() {}
}
