public import Trading

/// Scalping, long only: buys when the fast exponential average crosses above the slow one while the relative strength
/// index is neither weak nor overheated; sells at the stop-loss, the take-profit, after a time, or at the opposite cross.
///
/// Everything is judged at candle closes. There is at most one order at a time, and at most one position.
///
/// **Size.** `quote_amount` ÷ close, rounded down to a multiple of `quantity_step`: exact, and never above the amount.
/// An exit sells what is held, rounded down likewise, so never more than is held; less than one step counts as nothing.
///
/// **Stops** are measured from the average price of the fills: closing at or below entry × (100 − `stop_loss_percent`) ÷
/// 100 is the stop-loss, at or above entry × (100 + `take_profit_percent`) ÷ 100 the take-profit, in exact decimals.
public struct Scalp: Strategy {
    public static let mode = "scalp"
    public static let summary =
        "Buys when a fast moving average crosses above a slow one, filtered by the relative strength index; "
        + "leaves by stop-loss, take-profit, time, or the opposite cross."

    private let parameters: ScalpParameters
    private var fast: ExponentialMovingAverage
    private var slow: ExponentialMovingAverage
    private var strength: RelativeStrengthIndex
    /// Whether the fast average was above the slow one at the last candle; `nil` until both have a value.
    private var wasAbove: Bool?
    /// Candles that closed while the present position was held.
    private var candlesHeld = 0
    /// Why the present position is being closed. Kept until nothing is held: an exit that is rejected, or filled in part,
    /// is tried again at the next candle, wherever the price is by then.
    private var exitReason: String?

    public init(parameters: ScalpParameters) {
        self.parameters = parameters
        fast = ExponentialMovingAverage(period: parameters.fastPeriod)
        slow = ExponentialMovingAverage(period: parameters.slowPeriod)
        strength = RelativeStrengthIndex(period: parameters.rsiPeriod)
    }

    /// Enough for the seeds of the averages to weigh less than a thousandth: e^(−2k ÷ (n + 1)) for the exponential ones,
    /// e^(−k ÷ n) for Wilder's.
    public static func warmUpCandles(_ parameters: ScalpParameters) -> Int {
        max(parameters.slowPeriod * 9 / 2, parameters.rsiPeriod * 8) + 2
    }

    public mutating func handle(_ event: StrategyEvent, context: StrategyContext) throws -> [OrderIntent] {
        switch event {
        case .candle(let candle): try handle(candle, context: context)
        // The context tells what is held and whether an order is on its way; the next candle decides.
        case .fill, .rejection: []
        }
    }

    public mutating func takeOver(from previous: Scalp) {
        if fast.period == previous.fast.period { fast = previous.fast }
        if slow.period == previous.slow.period { slow = previous.slow }
        if strength.period == previous.strength.period { strength = previous.strength }
        // With another average it is another cross: then as of the last candle of the warm-up.
        if fast == previous.fast, slow == previous.slow { wasAbove = previous.wasAbove }
        candlesHeld = previous.candlesHeld
        exitReason = previous.exitReason
    }

    private mutating func handle(_ candle: Candle, context: StrategyContext) throws -> [OrderIntent] {
        let cross = update(candle.close.doubleValue)
        let held = context.position.quantity.roundedDown(toMultipleOf: parameters.quantityStep)
        if held.isPositive {
            candlesHeld += 1
            return exit(held, at: candle.close, cross: cross, context: context)
        }
        candlesHeld = 0
        exitReason = nil
        guard cross == .up, !context.hasPendingOrder, strengthAllowsEntry else { return [] }
        let quantity = try OrderSize.quantity(
            spending: parameters.quoteAmount,
            at: candle.close,
            step: parameters.quantityStep
        )
        return [OrderIntent(side: .buy, effect: .entry, quantity: quantity, reason: "ema cross")]
    }

    private enum Cross {
        case up
        case down
    }

    private mutating func update(_ close: Double) -> Cross? {
        fast.update(close)
        slow.update(close)
        strength.update(close)
        guard let fast = fast.value, let slow = slow.value else { return nil }
        let isAbove = fast > slow
        defer { wasAbove = isAbove }
        guard let wasAbove, wasAbove != isAbove else { return nil }
        return isAbove ? .up : .down
    }

    private var strengthAllowsEntry: Bool {
        guard let value = strength.value else { return false }
        return (parameters.rsiFloor.doubleValue...parameters.rsiCeiling.doubleValue).contains(value)
    }

    private mutating func exit(
        _ held: FixedDecimal,
        at close: FixedDecimal,
        cross: Cross?,
        context: StrategyContext
    ) -> [OrderIntent] {
        guard let entry = context.position.averagePrice else { return [] }
        if exitReason == nil {
            exitReason = reasonToLeave(entry: entry, close: close, cross: cross)
        }
        guard let exitReason, !context.hasPendingOrder else { return [] }
        return [OrderIntent(side: .sell, effect: .exit, quantity: held, reason: exitReason)]
    }

    private func reasonToLeave(entry: FixedDecimal, close: FixedDecimal, cross: Cross?) -> String? {
        let hundred: FixedDecimal = "100"
        if close <= entry.scaled(by: hundred - parameters.stopLossPercent, over: hundred) { return "stop-loss" }
        if close >= entry.scaled(by: hundred + parameters.takeProfitPercent, over: hundred) { return "take-profit" }
        if cross == .down { return "opposite cross" }
        if candlesHeld >= parameters.maxHoldingCandles { return "time stop" }
        return nil
    }
}
