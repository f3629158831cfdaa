import NIOCore
import Trading

/// One event of a stream, in Binance's JSON.
struct StreamEvent: Sendable {
    let time: Timestamp
    let stream: StreamName
    let text: String

    /// The event as a connection wants it.
    func payload(isCombined: Bool) -> ByteBuffer {
        ByteBuffer(string: isCombined ? "{\"stream\":\"\(stream.text)\",\"data\":\(text)}" : text)
    }

    static func kline(_ update: KlineUpdate, _ symbol: Symbol, _ interval: Interval, _ stream: StreamName)
        -> StreamEvent
    {
        let (kline, candle) = (update.kline, update.kline.candle)
        // Trade ids are not told anywhere else here; -1 is what Binance says of a candle without trades.
        let text =
            "{\"e\":\"kline\",\"E\":\(update.time.milliseconds),\"s\":\"\(symbol)\",\"k\":{\"t\":\(kline.openTime.milliseconds),"
            + "\"T\":\(candle.closeTime(interval).milliseconds),\"s\":\"\(symbol)\",\"i\":\"\(interval.rawValue)\","
            + "\"f\":-1,\"L\":-1,\"o\":\"\(candle.open.padded)\",\"c\":\"\(candle.close.padded)\","
            + "\"h\":\"\(candle.high.padded)\",\"l\":\"\(candle.low.padded)\",\"v\":\"\(candle.volume.padded)\","
            + "\"n\":\(kline.trades),\"x\":\(update.isFinal),\"q\":\"\(kline.quoteVolume.padded)\","
            + "\"V\":\"\(kline.takerBuyVolume.padded)\",\"Q\":\"\(kline.takerBuyQuoteVolume.padded)\",\"B\":\"0\"}}"
        return StreamEvent(time: update.time, stream: stream, text: text)
    }

    static func trade(_ trade: MarketTrade, _ symbol: Symbol, _ stream: StreamName) -> StreamEvent {
        let text =
            "{\"e\":\"trade\",\"E\":\(trade.time.milliseconds),\"s\":\"\(symbol)\",\"t\":\(trade.id),"
            + "\"p\":\"\(trade.price.padded)\",\"q\":\"\(trade.quantity.padded)\",\"T\":\(trade.time.milliseconds),"
            + "\"m\":\(trade.isBuyerMaker),\"M\":true}"
        return StreamEvent(time: trade.time, stream: stream, text: text)
    }

    static func miniTicker(_ summary: Kline, _ symbol: Symbol, at time: Timestamp, _ stream: StreamName) -> StreamEvent
    {
        let candle = summary.candle
        let text =
            "{\"e\":\"24hrMiniTicker\",\"E\":\(time.milliseconds),\"s\":\"\(symbol)\",\"c\":\"\(candle.close.padded)\","
            + "\"o\":\"\(candle.open.padded)\",\"h\":\"\(candle.high.padded)\",\"l\":\"\(candle.low.padded)\","
            + "\"v\":\"\(candle.volume.padded)\",\"q\":\"\(summary.quoteVolume.padded)\"}"
        return StreamEvent(time: time, stream: stream, text: text)
    }
}
