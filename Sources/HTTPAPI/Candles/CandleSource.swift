package import Trading

/// Knows the candles of markets.
package protocol CandleSource: Sendable {
    /// Closed candles with open time ≥ `from`, oldest first, at most `limit`.
    ///
    /// - Throws: ``APIUnavailable`` if they cannot be had now (503).
    func candles(
        exchange: String,
        symbol: Symbol,
        interval: Interval,
        from: Timestamp,
        limit: Int
    ) async throws -> [Candle]
}
