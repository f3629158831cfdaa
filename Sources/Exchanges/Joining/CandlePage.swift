import Trading

/// A piece of candle history, as fetched.
struct CandlePage: Sendable, Hashable {
    /// Closed candles, oldest first, from the open time that was asked for.
    let candles: [Candle]
    /// The open time of the latest candle that the exchange showed, be it closed or forming. What lies below it and is not in
    /// `candles` does not exist.
    let reaches: Timestamp?
    /// Whether there was nothing more to fetch: the page ends where the market is now.
    let isComplete: Bool
    /// The exchange's clock at the fetch.
    let exchangeTime: Timestamp
}
