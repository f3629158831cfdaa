import Trading

extension Candle {
    /// No price is higher: a quantity times such a price can still be reckoned with.
    private static let highestPrice = FixedDecimal(1_000_000_000_000)

    /// Whether it can be reckoned with: prices above zero and below anything that could overflow.
    var isPlausible: Bool {
        [open, high, low, close].allSatisfy { $0.isPositive && $0 <= Self.highestPrice } && !volume.isNegative
    }

    /// The candle, if it ``isPlausible``.
    ///
    /// - Throws: `DecodingError`.
    func checked(_ decoder: any Decoder) throws -> Candle {
        guard isPlausible else {
            let context = DecodingError.Context(
                codingPath: decoder.codingPath,
                debugDescription: "a candle whose prices cannot be those of a market"
            )
            throw DecodingError.dataCorrupted(context)
        }
        return self
    }
}
