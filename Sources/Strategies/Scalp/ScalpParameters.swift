public import Trading

/// The settings of ``Scalp``.
public struct ScalpParameters: StrategyParameters, Hashable {
    /// Candles of the two exponential averages whose crossing is the signal.
    public let fastPeriod: Int
    public let slowPeriod: Int
    /// The relative strength index, and the range in which it must lie for an entry.
    public let rsiPeriod: Int
    public let rsiFloor: FixedDecimal
    public let rsiCeiling: FixedDecimal
    /// Distance of the stops from the entry price, in percent of it.
    public let stopLossPercent: FixedDecimal
    public let takeProfitPercent: FixedDecimal
    /// Candles after which a position is closed, come what may.
    public let maxHoldingCandles: Int
    /// What an entry spends, in quote units.
    public let quoteAmount: FixedDecimal
    /// Quantities are cut to multiples of this, in base units.
    public let quantityStep: FixedDecimal

    public static let schema = ParameterSchema(
        [
            .integer(
                "fast_period",
                default: 9,
                in: 2...500,
                unit: "candles",
                description: "Period of the fast exponential moving average."
            ),
            .integer(
                "slow_period",
                default: 21,
                in: 3...1_000,
                unit: "candles",
                description: "Period of the slow exponential moving average."
            ),
            .integer(
                "rsi_period",
                default: 14,
                in: 2...500,
                unit: "candles",
                description: "Period of the relative strength index that filters entries."
            ),
            .decimal(
                "rsi_floor",
                default: "40",
                ParameterBounds(atLeast: "0", atMost: "100"),
                description: "No entry while the relative strength index is below this."
            ),
            .decimal(
                "rsi_ceiling",
                default: "75",
                ParameterBounds(atLeast: "0", atMost: "100"),
                description: "No entry while the relative strength index is above this."
            ),
            .percent(
                "stop_loss_percent",
                default: "0.5",
                ParameterBounds(above: "0", below: "100"),
                description: "A position is closed when a candle closes this far below its entry price, or farther."
            ),
            .percent(
                "take_profit_percent",
                default: "1",
                ParameterBounds(above: "0", atMost: "1000"),
                description: "A position is closed when a candle closes this far above its entry price, or farther."
            ),
            .integer(
                "max_holding_candles",
                default: 60,
                in: 1...100_000,
                unit: "candles",
                description: "A position is closed after this many candles."
            ),
            .quoteAmount,
            .quantityStep,
        ],
        relations: [.less("fast_period", than: "slow_period"), .less("rsi_floor", than: "rsi_ceiling")]
    )

    public init(_ config: ParameterReader) {
        fastPeriod = config.integer("fast_period")
        slowPeriod = config.integer("slow_period")
        rsiPeriod = config.integer("rsi_period")
        rsiFloor = config.decimal("rsi_floor")
        rsiCeiling = config.decimal("rsi_ceiling")
        stopLossPercent = config.percent("stop_loss_percent")
        takeProfitPercent = config.percent("take_profit_percent")
        maxHoldingCandles = config.integer("max_holding_candles")
        quoteAmount = config.decimal("quote_amount")
        quantityStep = config.decimal("quantity_step")
    }
}
