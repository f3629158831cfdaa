import Exchanges
import HTTPAPI
import Trading

/// Candles as the exchanges tell them.
struct ExchangeCandles: CandleSource {
    /// By name.
    let exchanges: [String: any Exchange]
    /// Nobody waits for longer, whatever the exchange's limits are.
    private static let limit = Duration.seconds(20)

    init(exchanges: [String: any Exchange]) {
        self.exchanges = exchanges
    }

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
        let late = APIUnavailable(
            detail: "The exchange \(name) gave no candles of \(symbol) in time: try again later.",
            retryAfter: .seconds(10)
        )
        return try await withTimeLimit(Self.limit, otherwise: late) {
            do throws(ExchangeError) {
                return try await exchange.candles(symbol, interval, from: from, limit: limit)
            } catch {
                throw APIUnavailable(
                    detail: "The exchange \(name) gives no candles of \(symbol): \(error.message)",
                    retryAfter: error.retryAfter ?? .seconds(1)
                )
            }
        }
    }
}
