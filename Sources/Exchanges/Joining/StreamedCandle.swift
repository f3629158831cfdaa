import Trading

/// One update of a candle stream.
struct StreamedCandle: Sendable, Hashable {
    let candle: Candle
    let isClosed: Bool
    /// The exchange's clock when it was sent.
    let eventTime: Timestamp
}
