package import Trading

/// A made-up market in prices of two decimals.
package enum RandomWalk {
    /// - Parameters:
    ///   - step: How far a close may be from its open, either way, as a part of it.
    ///   - wick: How far beyond the two high and low may be.
    package static func candles(
        count: Int,
        from start: Timestamp = Timestamp(milliseconds: 1_744_431_600_000),
        interval: Interval = .oneSecond,
        step: Double = 0.0005,
        wick: Double = 0.0002,
        seed: UInt64
    ) -> [Candle] {
        var random = SeededGenerator(seed: seed)
        var price = 84_000.0
        return (0..<count).map { index in
            let open = price
            price *= 1 + Double.random(in: -step...step, using: &random)
            let high = max(open, price) * (1 + Double.random(in: 0...wick, using: &random))
            let low = min(open, price) * (1 - Double.random(in: 0...wick, using: &random))
            return Candle(
                openTime: start + Int64(index) * interval.milliseconds,
                open: cents(open),
                high: cents(high),
                low: cents(low),
                close: cents(price),
                volume: FixedDecimal(raw: Int128.random(in: 0...10_000_000_000, using: &random))
            )
        }
    }

    private static func cents(_ price: Double) -> FixedDecimal {
        FixedDecimal(raw: Int128((price * 100).rounded()) * 1_000_000)
    }
}
