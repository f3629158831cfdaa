import Hummingbird
import Store
import Trading

/// What a strategy saw: the candles of its market.
struct CandleRoutes: Sendable {
    let queries: StrategyQueries
    let source: any CandleSource

    func add(to table: inout RouteTable) {
        table.add(
            .get,
            "/api/live-strategy/{id}/candles",
            for: .viewer,
            "the candles of its market, up to its last one",
            Operation([.since, .limit], .list(of: .candle, "Oldest first.")),
            candles
        )
    }

    /// The last ones that it processed, or those after `since`. They come from the exchange, whoever runs the strategy.
    private func candles(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        let id = try context.strategyID()
        var query = QueryParameters(request, known: ["since", "limit"])
        let since = query.moment("since")
        let limit = query.limit()
        try query.finish()
        let market = try await market(of: id)
        guard let symbol = Symbol(market.symbol), let interval = Interval(rawValue: market.interval),
            let last = market.lastCandle
        else { return list([]) }
        let earliest = last - Int64(limit - 1) * interval.milliseconds
        let from = max(earliest, since.map { $0 + 1 } ?? earliest)
        guard from <= last else { return list([]) }
        let candles = try await source.candles(
            exchange: market.exchange,
            symbol: symbol,
            interval: interval,
            from: from,
            limit: limit
        )
        return list(candles.filter { $0.openTime <= last })
    }

    private func market(
        of id: Int64
    ) async throws -> (exchange: String, symbol: String, interval: String, lastCandle: Timestamp?) {
        if let active = try await queries.active(id: id) {
            return (active.exchange, active.symbol, active.interval, active.lastCandle)
        }
        guard let stopped = try await queries.stopped(id: id) else { throw Problem.noStrategy(id: String(id)) }
        return (stopped.exchange, stopped.symbol, stopped.interval, stopped.lastCandle)
    }

    private func list(_ candles: [Candle]) -> Response {
        Answer.list(candles, next: nil) { candle, json in
            json.object { json in
                json.member("open_time", candle.openTime)
                json.member("open", candle.open)
                json.member("high", candle.high)
                json.member("low", candle.low)
                json.member("close", candle.close)
                json.member("volume", candle.volume)
            }
        }
    }
}
