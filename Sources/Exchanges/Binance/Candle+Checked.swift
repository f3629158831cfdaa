import Trading

extension Candle {
    /// No price is higher: a quantity times such a price can still be reckoned with.
    private static let highestPrice = FixedDecimal(1_000_000_000_000)

    /// The candle, if it can be reckoned with: prices above zero and below anything that could overflow.
    ///
    /// - Throws: `DecodingError`.
    func checked(_ decoder: any Decoder) throws -> Candle {
        let prices = [open, high, low, close]
        guard prices.allSatisfy({ $0.isPositive && $0 <= Self.highestPrice }), !volume.isNegative else {
            let context = DecodingError.Context(
                codingPath: decoder.codingPath,
                debugDescription: "a candle whose prices cannot be those of a market"
            )
            throw DecodingError.dataCorrupted(context)
        }
        return self
    }
}
