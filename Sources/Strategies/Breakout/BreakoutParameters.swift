public import Trading

/// The settings of ``Breakout``.
public struct BreakoutParameters: StrategyParameters, Hashable {
    /// Candles of the channel whose upper edge is the entry.
    public let entryPeriod: Int
    /// Candles of the channel whose lower edge is the exit.
    public let exitPeriod: Int
    public let atrPeriod: Int
    /// Distance of the stop from the entry price, in average true ranges.
    public let stopRanges: FixedDecimal
    /// What an entry spends, in quote units.
    public let quoteAmount: FixedDecimal
    /// Quantities are cut to multiples of this, in base units.
    public let quantityStep: FixedDecimal

    public static let schema = ParameterSchema([
        .integer(
            "entry_period",
            default: 20,
            in: 2...1_000,
            unit: "candles",
            description: "Bought when a candle closes above the highest high of this many candles before it."
        ),
        .integer(
            "exit_period",
            default: 10,
            in: 1...1_000,
            unit: "candles",
            description: "Sold when a candle closes below the lowest low of this many candles before it."
        ),
        .integer(
            "atr_period",
            default: 14,
            in: 1...500,
            unit: "candles",
            description: "Period of the average true range that measures the stop."
        ),
        .decimal(
            "stop_ranges",
            default: "2",
            ParameterBounds(above: "0", atMost: "100"),
            unit: "average true ranges",
            description: "Sold when a candle closes this far below the entry price, or farther."
        ),
        .quoteAmount,
        .quantityStep,
    ])

    public init(_ config: ParameterReader) {
        entryPeriod = config.integer("entry_period")
        exitPeriod = config.integer("exit_period")
        atrPeriod = config.integer("atr_period")
        stopRanges = config.decimal("stop_ranges")
        quoteAmount = config.decimal("quote_amount")
        quantityStep = config.decimal("quantity_step")
    }
}
