import Trading

/// The exchange's own clock: market time, as a rule.
///
/// It differs where it is told to: by an offset, and in a market that moves in steps, where it may go on between them, so that time
/// limits run out while prices stand still.
final class ExchangeTime: Sendable {
    private let clock: MarketClock
    private let market: any Market
    private let faults: FaultInjector
    /// Whether the clock goes on between steps.
    private let isTicking: Bool
    private let began = ContinuousClock.now

    init(clock: MarketClock, market: any Market, faults: FaultInjector, isTicking: Bool) {
        self.clock = clock
        self.market = market
        self.faults = faults
        self.isTicking = isTicking
    }

    /// Since the server's start, on its own clock.
    var elapsed: Duration { ContinuousClock.now - began }

    var now: Timestamp { moment.exchange }

    var moment: TradingEngine.Moment { moment(at: clock.now) }

    func moment(at marketTime: Timestamp) -> TradingEngine.Moment {
        var time = marketTime
        if isTicking, let passed = clock.sinceLastStep, let close = market.nextClose(after: marketTime) {
            // Never as far as the next step leads, so that it does not run backwards with it.
            time = min(time + Int64(passed / .milliseconds(1)), close - 1)
        }
        return TradingEngine.Moment(market: marketTime, exchange: time + faults.clockOffset, elapsed: elapsed)
    }
}
