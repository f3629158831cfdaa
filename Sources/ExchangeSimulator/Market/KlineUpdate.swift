import Trading

/// What happens to a candle at one moment of market time: what a kline stream tells.
struct KlineUpdate: Sendable, Hashable {
    let time: Timestamp
    let kline: Kline
    /// Whether this is the candle's last update.
    let isFinal: Bool
}
