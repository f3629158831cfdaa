/// A gapless sequence of what happens in a market: see ``Exchange/withMarketEvents(_:_:after:_:)``.
///
/// It has one consumer. What the consumer has not taken yet is kept in a buffer of bounded size; when that overflows, the newest
/// candles are let go and fetched again once there is room (policy: refetch on overflow). So a slow consumer costs requests,
/// never candles.
package struct MarketEvents: AsyncSequence, Sendable {
    package typealias Element = MarketEvent

    let subscription: MarketSubscription

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(subscription: subscription) }

    package struct AsyncIterator: AsyncIteratorProtocol {
        let subscription: MarketSubscription

        package mutating func next() async throws -> MarketEvent? { try await subscription.next() }
    }
}
