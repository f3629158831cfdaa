import Exchanges
import HTTPAPI
import Hosting
import Store
import Strategies
import Synchronization
import Trading

/// Runs modes over the latest candles of the exchanges, by the code that runs strategies.
struct ModeReplays: ReplaySource {
    /// At a time; each keeps a core busy for a moment, and spends a few requests of the exchange's budget.
    private static let most = 2

    private final class Places: Sendable {
        private let taken = Mutex(0)

        func take() -> Bool {
            taken.withLock { taken in
                guard taken < ModeReplays.most else { return false }
                taken += 1
                return true
            }
        }

        func leave() { taken.withLock { $0 -= 1 } }
    }

    let registry: StrategyRegistry
    /// By name.
    let exchanges: [String: any Exchange]
    /// Nobody waits for longer, the exchange's answers included.
    let limit: Duration
    private let places = Places()

    init(registry: StrategyRegistry, exchanges: [String: any Exchange], limit: Duration = .seconds(20)) {
        self.registry = registry
        self.exchanges = exchanges
        self.limit = limit
    }

    func replay(_ order: StartOrder, candles count: Int) async throws -> ReplayReport {
        guard let mode = registry.mode(order.strategyType), let exchange = exchanges[order.exchange] else {
            throw APIUnavailable(detail: "This replica does not know the mode or the exchange any more.")
        }
        guard places.take() else {
            throw APIUnavailable(
                detail:
                    "This replica replays as much as it can just now. Try again in a moment, or on another replica.",
                retryAfter: .seconds(2)
            )
        }
        defer { places.leave() }
        let late = APIUnavailable(
            detail: "The replay took too long: the exchange \(exchange.name) answers slowly. Try fewer candles.",
            retryAfter: .seconds(10)
        )
        return try await withTimeLimit(limit, otherwise: late) {
            try await Self.replay(order, mode, on: exchange, count)
        }
    }

    private static func replay(
        _ order: StartOrder,
        _ mode: StrategyMode,
        on exchange: any Exchange,
        _ count: Int
    ) async throws -> ReplayReport {
        let strategy = try mode.make(config: order.config)
        let interval = order.interval
        let candles: [Candle]
        do {
            let present = interval.openTime(containing: try await exchange.serverTime())
            let all = count + strategy.warmUpCandles
            let from = max(Timestamp(milliseconds: 0), present - Int64(all) * interval.milliseconds)
            candles = try await exchange.candles(order.symbol, interval, from: from, limit: all)
        } catch {
            throw APIUnavailable(
                detail: "The exchange \(exchange.name) gives no candles of \(order.symbol): \(error.message)",
                retryAfter: error.retryAfter ?? .seconds(1)
            )
        }
        return try await run(order, strategy, over: candles, count)
    }

    /// - Parameters:
    ///   - strategy: At its beginning.
    ///   - count: It acts on so many of the candles, the last ones; the others are its warm-up.
    @concurrent static func run(
        _ order: StartOrder,
        _ strategy: AnyStrategy,
        over candles: [Candle],
        _ count: Int
    ) async throws -> ReplayReport {
        guard let last = candles.last else { return ReplayReport() }
        let lastOfWarmUp = last.openTime - Int64(count) * order.interval.milliseconds
        var run = StrategyRun(
            strategyID: 0,
            symbol: order.symbol,
            interval: order.interval,
            strategy: strategy,
            lastClosed: lastOfWarmUp,
            paper: .standard,
            limits: order.limits
        )
        var ledger = ReplayLedger(interval: order.interval)
        for candle in candles {
            try Task.checkCancellation()
            let decisions = try run.close(candle, exchangeTime: candle.closeTime(order.interval), barriers: [])
            guard candle.openTime > lastOfWarmUp else { continue }
            ledger.note(decisions, candle, run.position)
        }
        return ledger.report(buyingAndSelling: .standard)
    }
}
