/// What happened in one stretch of time, in whole units: prices in ticks, volumes in lots, amounts in 10⁻⁸ quote units.
struct SyntheticBar: Sendable, Hashable {
    var open: Int64
    var high: Int64
    var low: Int64
    var close: Int64
    var volume: Int64
    var amount: Int64
    var trades: Int64
    var takerVolume: Int64
    var takerAmount: Int64

    mutating func extend(by later: SyntheticBar) {
        high = max(high, later.high)
        low = min(low, later.low)
        close = later.close
        volume += later.volume
        amount += later.amount
        trades += later.trades
        takerVolume += later.takerVolume
        takerAmount += later.takerAmount
    }

    static func opening(at price: Int64) -> SyntheticBar {
        SyntheticBar(
            open: price,
            high: price,
            low: price,
            close: price,
            volume: 0,
            amount: 0,
            trades: 0,
            takerVolume: 0,
            takerAmount: 0
        )
    }
}
