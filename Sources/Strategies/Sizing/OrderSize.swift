public import Trading

/// How much to buy.
public enum OrderSize {
    /// The largest multiple of `step`, in base units, that costs no more than `amount`, in quote units, at `price`: exact,
    /// nothing is rounded but down.
    ///
    /// Throws ``StrategyError`` (``StrategyError/Code/unusableParameters``) if the amount does not buy one step. Amount,
    /// price and step must be above zero, and the amount at most 10⁹ (``ParameterField/quoteAmount`` sees to that).
    public static func quantity(
        spending amount: FixedDecimal,
        at price: FixedDecimal,
        step: FixedDecimal
    ) throws -> FixedDecimal {
        guard price.isPositive else {
            throw StrategyError(.unusableParameters, "a candle closed at \(price), but a price is above zero")
        }
        // Not `/`, which rounds to the nearest.
        let affordable = FixedDecimal(raw: amount.raw * FixedDecimal.one.raw / price.raw)
        let quantity = affordable.roundedDown(toMultipleOf: step)
        guard quantity.isPositive else {
            throw StrategyError(
                .unusableParameters,
                "quote_amount \(amount) buys less than one quantity_step (\(step)) at a price of \(price): "
                    + "raise quote_amount or lower quantity_step"
            )
        }
        return quantity
    }
}

extension ParameterField {
    /// `quote_amount`: what an entry spends.
    public static let quoteAmount = ParameterField.decimal(
        "quote_amount",
        default: "100",
        ParameterBounds(above: "0", atMost: "1000000000"),
        unit: "quote units",
        description: "What an entry spends, before fees."
    )

    /// `quantity_step`: what quantities are multiples of.
    public static let quantityStep = ParameterField.decimal(
        "quantity_step",
        default: "0.00001",
        ParameterBounds(above: "0", atMost: "1000000000"),
        unit: "base units",
        description: "Order quantities are rounded down to a multiple of this, the market's lot size."
    )
}
