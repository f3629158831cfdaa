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
            // One more than wanted: the last may be the forming one.
            let page = try await page(
                symbol,
                interval,
                from: from,
                limit: min(limit - candles.count + 1, Self.largestPage)
            )
            candles += page.candles.prefix(limit - candles.count)
            guard !page.isComplete, let last = page.candles.last else { break }
            from = last.openTime + 1
        }
        return candles
    }

    /// One page of closed candles, with the exchange's clock.
    ///
    /// A kline is known to be closed if another follows it, or if the exchange's clock was past its end *before* it was asked
    /// for: only then are its numbers final. Clock and klines are asked for at once, to save a round trip; the rare last row whose
    /// end came in between is asked for again.
    func page(
        _ symbol: Symbol,
        _ interval: Interval,
        from: Timestamp,
        limit: Int
    ) async throws(ExchangeError) -> CandlePage {
        async let clock = outcome { () async throws(ExchangeError) in try await self.serverTime() }
        let answer = await outcome { () async throws(ExchangeError) in
            try await self.klines(symbol, interval, from: from, limit: limit)
        }
        let time = await clock
        var rows = try answer.get().rows
        let exchangeTime = try time.get()
        let isComplete = rows.count < limit
        if isComplete, let last = rows.last, last.closeTime < exchangeTime {
            rows.removeLast()
            rows += try await klines(symbol, interval, from: last.candle.openTime, limit: 2).rows
        }
        let reaches = rows.last?.candle.openTime
        if let last = rows.last, !isComplete || last.closeTime >= exchangeTime { rows.removeLast() }
        return CandlePage(
            candles: rows.map(\.candle),
            reaches: reaches,
            isComplete: isComplete,
            // The klines may be younger than the clock that was asked for beside them: one that is there has begun.
            exchangeTime: max(exchangeTime, reaches ?? exchangeTime)
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

    /// Both of two requests are waited for before either's failure counts.
    private func outcome<T: Sendable>(
        _ operation: @Sendable () async throws(ExchangeError) -> T
    ) async -> Result<T, ExchangeError> {
        do {
            return .success(try await operation())
        } catch {
            return .failure(error)
        }
    }
}
