public import Trading

/// Breakout, long only: buys when a candle closes above Donchian's channel of the candles before it; sells when one closes
/// below the shorter channel, or a number of average true ranges below the entry price.
///
/// Everything is judged at candle closes. There is at most one order at a time, and at most one position. An entry spends
/// `quote_amount`, rounded down to a multiple of `quantity_step`; an exit sells what is held, rounded down likewise.
public struct Breakout: Strategy {
    public static let mode = "breakout"
    public static let summary =
        "Buys a close above the highest high of many candles; leaves by a close below the lowest low of fewer, "
        + "or by a stop measured in average true ranges."

    private let parameters: BreakoutParameters
    private var entryChannel: DonchianChannel
    private var exitChannel: DonchianChannel
    private var range: AverageTrueRange
    /// The average true range when the present position was decided on.
    private var rangeAtEntry: Double?
    /// Why the present position is being closed. Kept until nothing is held, so that an exit that is rejected, or filled in
    /// part, is tried again at the next candle.
    private var exitReason: String?

    public init(parameters: BreakoutParameters) {
        self.parameters = parameters
        entryChannel = DonchianChannel(period: parameters.entryPeriod)
        exitChannel = DonchianChannel(period: parameters.exitPeriod)
        range = AverageTrueRange(period: parameters.atrPeriod)
    }

    /// The channels, and enough for the seed of the average true range to weigh less than a thousandth.
    public static func warmUpCandles(_ parameters: BreakoutParameters) -> Int {
        max(parameters.entryPeriod, parameters.exitPeriod, parameters.atrPeriod * 8) + 1
    }

    public mutating func handle(_ event: StrategyEvent, context: StrategyContext) throws -> [OrderIntent] {
        // The context tells what is held and whether an order is on its way; the next candle decides.
        guard case .candle(let candle) = event else { return [] }
        // A breakout leaves the channel of the candles before, not one that it belongs to itself.
        let (upper, lower) = (entryChannel.upper, exitChannel.lower)
        entryChannel.update(high: candle.high, low: candle.low)
        exitChannel.update(high: candle.high, low: candle.low)
        range.update(
            high: candle.high.doubleValue,
            low: candle.low.doubleValue,
            close: candle.close.doubleValue
        )

        let held = context.position.quantity.roundedDown(toMultipleOf: parameters.quantityStep)
        if held.isPositive {
            return exit(held, at: candle.close, below: lower, context: context)
        }
        guard !context.hasPendingOrder else { return [] }
        rangeAtEntry = nil
        exitReason = nil
        guard let upper, candle.close > upper, let range = range.value else { return [] }
        let quantity = try OrderSize.quantity(
            spending: parameters.quoteAmount,
            at: candle.close,
            step: parameters.quantityStep
        )
        rangeAtEntry = range
        return [OrderIntent(side: .buy, effect: .entry, quantity: quantity, reason: "breakout")]
    }

    public mutating func takeOver(from previous: Breakout) {
        if entryChannel.period == previous.entryChannel.period { entryChannel = previous.entryChannel }
        if exitChannel.period == previous.exitChannel.period { exitChannel = previous.exitChannel }
        if range.period == previous.range.period { range = previous.range }
        // The stop stays measured by the range that the position was decided on.
        rangeAtEntry = previous.rangeAtEntry
        exitReason = previous.exitReason
    }

    private mutating func exit(
        _ held: FixedDecimal,
        at close: FixedDecimal,
        below lower: FixedDecimal?,
        context: StrategyContext
    ) -> [OrderIntent] {
        guard let entry = context.position.averagePrice else { return [] }
        if exitReason == nil {
            // A position that was not opened by this strategy has no range of its own yet.
            rangeAtEntry = rangeAtEntry ?? range.value
            let distance = rangeAtEntry.map { $0 * parameters.stopRanges.doubleValue }
            if let distance, close.doubleValue <= entry.doubleValue - distance {
                exitReason = "stop"
            } else if let lower, close < lower {
                exitReason = "channel exit"
            }
        }
        guard let exitReason, !context.hasPendingOrder else { return [] }
        return [OrderIntent(side: .sell, effect: .exit, quantity: held, reason: exitReason)]
    }
}
