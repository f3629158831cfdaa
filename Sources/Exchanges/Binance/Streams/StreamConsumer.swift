import Trading

/// Who wants what comes on a stream. Called on the pool's event loop, in the order in which things happened.
protocol StreamConsumer: AnyObject, Sendable {
    /// - Parameter memory: What the stream has told since it was attached: nothing yet, unless the consumer came later.
    func streamAttached(_ memory: StreamMemory)
    func streamLost(reason: String)
    func streamed(_ update: StreamedCandle)
    func received(_ event: AccountEvent)
    /// Nothing comes any more.
    func finish()
}

extension StreamConsumer {
    func streamed(_ update: StreamedCandle) {}
    func received(_ event: AccountEvent) {}
}
