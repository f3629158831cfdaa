import Foundation
import TestSupport
import Trading

/// A made-up market.
enum RandomWalk {
    /// Candles of one second whose closes take steps of up to 0.05 % either way, in prices of two decimals.
    static func candles(count: Int, seed: UInt64, from start: Double = 84_000) -> [Candle] {
        var random = SeededGenerator(seed: seed)
        var price = start
        return (0..<count).map { index in
            let open = price
            price *= 1 + Double.random(in: -0.0005...0.0005, using: &random)
            let high = max(open, price) * (1 + Double.random(in: 0...0.0002, using: &random))
            let low = min(open, price) * (1 - Double.random(in: 0...0.0002, using: &random))
            return Candle(
                openTime: Timestamp(milliseconds: 1_744_431_600_000 + Int64(index) * 1_000),
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
