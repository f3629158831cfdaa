import Exchanges
import HTTPAPI
import Trading

/// Candles as the exchanges tell them.
struct ExchangeCandles: CandleSource {
    /// By name.
    let exchanges: [String: any Exchange]

    func candles(
        exchange name: String,
        symbol: Symbol,
        interval: Interval,
        from: Timestamp,
        limit: Int
    ) async throws -> [Candle] {
        guard let exchange = exchanges[name] else {
            throw APIUnavailable(detail: "This replica has no exchange \(name) to ask for candles.")
        }
        do {
            return try await exchange.candles(symbol, interval, from: from, limit: limit)
        } catch {
            throw APIUnavailable(detail: "The exchange \(name) gives no candles of \(symbol): \(error.message)")
        }
    }
}
