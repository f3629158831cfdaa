package import Trading

/// Something that happened in one market, at one interval.
package enum MarketEvent: Sendable, Hashable {
    /// A closed candle: each one after the cursor, exactly once, in order. None is missing unless the exchange itself has a
    /// gap there. `exchangeTime` is the exchange's clock when it told us: how old the candle was by then.
    case closed(Candle, exchangeTime: Timestamp)
    /// The candle that is open now, which follows the last closed one. Conflated: the latest wins, any may be skipped.
    case forming(Candle, exchangeTime: Timestamp)
    /// Everything up to `exchangeTime` has been delivered and the live stream is attached: at first, and after each
    /// interruption.
    case joined(exchangeTime: Timestamp)
    /// The live stream (or the way to the missing candles) is lost; reconnection is under way.
    case interrupted(reason: String)
}
