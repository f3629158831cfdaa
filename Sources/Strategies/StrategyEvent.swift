public import Trading

/// What a strategy is told.
public enum StrategyEvent: Sendable, Hashable {
    /// A candle has closed. Each candle comes once, in the order of open times, without gaps where the exchange has none.
    case candle(Candle)
    /// An order of this strategy, or a part of it, was executed. The context's position already contains it.
    case fill(Fill)
    /// An intent of this strategy came to nothing (refused by a limit, by the exchange, or never arrived there).
    case rejection(OrderIntent, reason: String)
}
