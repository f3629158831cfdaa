/// One candle (kline, bar): what a market did in one interval.
public struct Candle: Sendable, Hashable, Codable {
    /// The first millisecond that belongs to the candle. Identifies it within (exchange, symbol, interval).
    public let openTime: Timestamp
    /// Prices, in quote units.
    public let open: FixedDecimal
    public let high: FixedDecimal
    public let low: FixedDecimal
    public let close: FixedDecimal
    /// Traded volume, in base units.
    public let volume: FixedDecimal

    public init(
        openTime: Timestamp,
        open: FixedDecimal,
        high: FixedDecimal,
        low: FixedDecimal,
        close: FixedDecimal,
        volume: FixedDecimal
    ) {
        self.openTime = openTime
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
    }

    /// The last millisecond that belongs to the candle.
    public func closeTime(_ interval: Interval) -> Timestamp { openTime + (interval.milliseconds - 1) }
}
