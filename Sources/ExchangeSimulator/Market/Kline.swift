import Trading

/// A candle with what Binance tells about it besides.
struct Kline: Sendable, Hashable {
    var candle: Candle
    /// In quote units.
    var quoteVolume: FixedDecimal
    /// Number of trades.
    var trades: Int64
    /// What takers bought of the volume, in base units.
    var takerBuyVolume: FixedDecimal
    /// What takers bought of the volume, in quote units.
    var takerBuyQuoteVolume: FixedDecimal

    var openTime: Timestamp { candle.openTime }

    /// A candle in which nothing has happened yet but its opening.
    static func opening(at openTime: Timestamp, price: FixedDecimal) -> Kline {
        Kline(
            candle: Candle(openTime: openTime, open: price, high: price, low: price, close: price, volume: .zero),
            quoteVolume: .zero,
            trades: 0,
            takerBuyVolume: .zero,
            takerBuyQuoteVolume: .zero
        )
    }

    /// This candle with a later one joined to its end.
    func extended(by later: Kline) -> Kline {
        Kline(
            candle: Candle(
                openTime: openTime,
                open: candle.open,
                high: max(candle.high, later.candle.high),
                low: min(candle.low, later.candle.low),
                close: later.candle.close,
                volume: candle.volume + later.candle.volume
            ),
            quoteVolume: quoteVolume + later.quoteVolume,
            trades: trades + later.trades,
            takerBuyVolume: takerBuyVolume + later.takerBuyVolume,
            takerBuyQuoteVolume: takerBuyQuoteVolume + later.takerBuyQuoteVolume
        )
    }

    /// The same figures under another open time.
    func opening(at openTime: Timestamp) -> Kline {
        var kline = self
        kline.candle = Candle(
            openTime: openTime,
            open: candle.open,
            high: candle.high,
            low: candle.low,
            close: candle.close,
            volume: candle.volume
        )
        return kline
    }
}
