import Trading

extension Kline {
    /// The candle as `GET /api/v3/klines` tells it: an array of twelve.
    func json(_ interval: Interval) -> String {
        let candle = candle
        return "[\(openTime.milliseconds),\"\(candle.open.padded)\",\"\(candle.high.padded)\",\"\(candle.low.padded)\","
            + "\"\(candle.close.padded)\",\"\(candle.volume.padded)\",\(candle.closeTime(interval).milliseconds),"
            + "\"\(quoteVolume.padded)\",\(trades),\"\(takerBuyVolume.padded)\",\"\(takerBuyQuoteVolume.padded)\",\"0\"]"
    }
}
