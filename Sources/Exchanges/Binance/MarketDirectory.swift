import FoundationEssentials
import Synchronization
import Trading

/// What is known about markets, so that the heavy question is asked seldom.
///
/// Questions that come while one is under way are put together into the next: a replica that restores hundreds of symbols asks
/// a few times, not hundreds.
final class MarketDirectory: Sendable {
    private struct Entry {
        let market: Market
        let since: ContinuousClock.Instant
    }

    private let lifetime: Duration
    private let rest: BinanceRESTClient
    private let clock = ContinuousClock()
    private let entries = Mutex<[Symbol: Entry]>([:])

    init(lifetime: Duration, rest: BinanceRESTClient) {
        self.lifetime = lifetime
        self.rest = rest
    }

    func market(_ symbol: Symbol) async throws(ExchangeError) -> Market {
        let known = entries.withLock { $0[symbol] }
        if let known, known.since.duration(to: clock.now) < lifetime { return known.market }
        do {
            let market = try await ask(symbol)
            entries.withLock { $0[symbol] = Entry(market: market, since: clock.now) }
            return market
        } catch {
            // Rules change rarely: old ones are better than none while the exchange is out of reach.
            if let known, error.isTransient { return known.market }
            throw error
        }
    }

    private func ask(_ symbol: Symbol) async throws(ExchangeError) -> Market {
        let document = try ExchangeInfoDocument(try await rest.get("/api/v3/exchangeInfo?symbol=\(symbol)", weight: 20))
        if let weight = document.weightPerMinute { rest.limit(toWeightPerMinute: weight) }
        return try document.market(symbol)
    }
}
