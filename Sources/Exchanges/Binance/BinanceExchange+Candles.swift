package import Trading

extension BinanceExchange {
    /// What one request may ask for.
    static let largestPage = 1000

    package func candles(
        _ symbol: Symbol,
        _ interval: Interval,
        from: Timestamp,
        limit: Int
    ) async throws(ExchangeError) -> [Candle] {
        var candles: [Candle] = []
        var from = from
        while candles.count < limit {
            let time = try await clock.answer(to: (), since: .now)
            // One more than wanted: the last may be the forming one.
            let page = try await page(
                symbol,
                interval,
                from: from,
                limit: min(limit - candles.count + 1, Self.largestPage),
                time: time
            )
            candles += page.candles.prefix(limit - candles.count)
            guard !page.isComplete, let last = page.candles.last else { break }
            from = last.openTime + 1
        }
        return candles
    }

    /// One page of closed candles.
    ///
    /// A kline is known to be closed if another follows it, or if the exchange's clock was past its end *before* it was asked
    /// for: only then are its numbers final.
    ///
    /// - Parameter time: The exchange's clock, asked for before.
    func page(
        _ symbol: Symbol,
        _ interval: Interval,
        from: Timestamp,
        limit: Int,
        time: Timestamp
    ) async throws(ExchangeError) -> CandlePage {
        var rows = try await klines(symbol, interval, from: from, limit: limit).rows
        let isComplete = rows.count < limit
        let reaches = rows.last?.candle.openTime
        if let last = rows.last, !isComplete || last.closeTime >= time { rows.removeLast() }
        return CandlePage(
            candles: rows.map(\.candle),
            reaches: reaches,
            isComplete: isComplete,
            // The klines may be younger than the clock: one that is there has begun.
            exchangeTime: max(time, reaches ?? time)
        )
    }

    private func klines(
        _ symbol: Symbol,
        _ interval: Interval,
        from: Timestamp,
        limit: Int
    ) async throws(ExchangeError) -> KlineDocument {
        let query = "symbol=\(symbol)&interval=\(interval.rawValue)&startTime=\(from.milliseconds)&limit=\(limit)"
        return try KlineDocument(try await rest.get("/api/v3/klines?\(query)", weight: 2), from: from)
    }
}
