public import Trading

/// What a strategy may know beyond its own state when it handles an event.
public struct StrategyContext: Sendable, Hashable {
    public let symbol: Symbol
    public let interval: Interval
    /// What is held and what it cost, every fill booked so far included, also the one of the event at hand. What is too little for
    /// the market to be sold counts as nothing.
    public let position: Position
    /// Whether an order of this strategy is on its way: decided, and neither filled to its end, nor canceled, nor rejected.
    public let hasPendingOrder: Bool

    public init(symbol: Symbol, interval: Interval, position: Position, hasPendingOrder: Bool) {
        self.symbol = symbol
        self.interval = interval
        self.position = position
        self.hasPendingOrder = hasPendingOrder
    }
}
