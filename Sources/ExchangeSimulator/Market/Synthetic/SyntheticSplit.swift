/// Splits a bar into its parts, so that the parts put together are the bar again, exactly: that is what makes candles
/// of all intervals agree by construction, whatever is asked for first.
///
/// The path through the bar is a random bridge from its open to its close, kept within its low and high; the part that
/// comes nearest to an extreme is made to touch it. Volumes are shared out in whole lots. Amounts (volume × price) are
/// shared out so that the average price of each part lies within that part's own low and high.
struct SyntheticSplit {
    /// 10⁻⁸ quote units that one lot costs per tick of price.
    let amountPerLotTick: Double

    private static let squareRoots: [Double] = (0...8).map { Double($0).squareRoot() }
    /// Mean range of a Brownian path in units of its standard deviation: √(8/π).
    private static let rangePerDeviation = 1.596
    /// By which share of itself a price usually moves in a second.
    private static let deviationPerSecond = 0.000_25

    func parts(
        of bar: SyntheticBar,
        level: Int,
        random: inout HashedRandom
    ) -> [SyntheticBar] {
        let usual = Self.deviationPerSecond * (Double(SyntheticLevel.lengths[level + 1]) / 1_000).squareRoot()
        var parts = path(
            through: bar,
            count: SyntheticLevel.parts(level),
            usualDeviation: usual,
            random: &random
        )
        shareVolume(of: bar, among: &parts, random: &random)
        return parts
    }

    private func path(
        through bar: SyntheticBar,
        count: Int,
        usualDeviation: Double,
        random: inout HashedRandom
    ) -> [SyntheticBar] {
        // Half from what moved around it, half from what is usual for such a stretch: markets have quiet and busy
        // times, but neither dies nor explodes.
        let range = Double(bar.high - bar.low)
        let inherited = range / (Self.rangePerDeviation * Self.squareRoots[count])
        let usual = Double(bar.open) * usualDeviation
        let deviation = min((inherited * usual).squareRoot() * (0.75 + 0.6 * random.unit()), 0.5 * range)
        var walk = [0.0]
        for _ in 0..<count { walk.append(walk[walk.count - 1] + random.bell()) }
        var edges = [bar.open]
        for index in 1..<count {
            let share = Double(index) / Double(count)
            let bridge = deviation * (walk[index] - share * walk[count])
            let price = Double(bar.open) + Double(bar.close - bar.open) * share + bridge
            edges.append(Self.folded(Int64(price.rounded()), low: bar.low, high: bar.high))
        }
        edges.append(bar.close)

        var parts: [SyntheticBar] = []
        parts.reserveCapacity(count)
        for index in 0..<count {
            var part = SyntheticBar.opening(at: edges[index])
            part.close = edges[index + 1]
            let (above, below) = (random.unit(), random.unit())
            // Short of the extremes of the whole, which belong to one part each.
            let (top, bottom) = (max(part.open, part.close), min(part.open, part.close))
            part.high = top + Int64(above * min(0.8 * deviation, Double(bar.high - top)))
            part.low = bottom - Int64(below * min(0.8 * deviation, Double(bottom - bar.low)))
            parts.append(part)
        }
        var (highest, lowest) = (0, 0)
        for index in 1..<count {
            if parts[index].high > parts[highest].high { highest = index }
            if parts[index].low < parts[lowest].low { lowest = index }
        }
        parts[highest].high = bar.high
        parts[lowest].low = bar.low
        return parts
    }

    /// Mirrors a price that left the range back into it.
    private static func folded(_ price: Int64, low: Int64, high: Int64) -> Int64 {
        if price > high { return max(low, high - (price - high)) }
        if price < low { return min(high, low + (low - price)) }
        return price
    }

    private func shareVolume(of bar: SyntheticBar, among parts: inout [SyntheticBar], random: inout HashedRandom) {
        guard bar.volume > 0 else { return }
        let count = parts.count
        var weights: [Double] = []
        var total = 0.0
        for part in parts {
            // More is traded where the price moves.
            let movement = Double(part.high - part.low + 1) / Double(bar.high - bar.low + 1)
            weights.append((0.2 + random.unit()) * (0.3 + movement))
            total += weights[weights.count - 1]
        }
        let volume = Double(bar.volume)
        let average = Double(bar.amount) / volume / amountPerLotTick

        // One part, the anchor, takes what is left of the amount, and needs the bar's average price well within its
        // range.
        var (anchor, slack) = (0, -1.0)
        var averages: [Double] = []
        for (index, part) in parts.enumerated() {
            averages.append(Double(part.open + part.high + part.low + part.close) / 4)
            let room = min(average - Double(part.low), Double(part.high) - average)
            if room > slack { (anchor, slack) = (index, room) }
        }
        var (othersVolume, othersExcess) = (0.0, 0.0)
        for index in 0..<count where index != anchor {
            weights[index] *= volume / total
            othersVolume += weights[index]
            othersExcess += weights[index] * (averages[index] - average)
        }
        // Shrink the others until the anchor can balance them within three quarters of its room.
        let room = 0.75 * max(slack, 0)
        let needed = othersExcess.magnitude
        if needed > room * (volume - othersVolume) {
            let scale = needed + room * othersVolume > 0 ? room * volume / (needed + room * othersVolume) : 1
            for index in 0..<count where index != anchor { weights[index] *= scale }
        }

        var (volumeLeft, amountLeft) = (bar.volume, bar.amount)
        for index in 0..<count where index != anchor {
            let lots = min(Int64(weights[index]), volumeLeft)
            parts[index].volume = lots
            parts[index].amount = min(Int64(Double(lots) * averages[index] * amountPerLotTick), amountLeft)
            volumeLeft -= lots
            amountLeft -= parts[index].amount
        }
        parts[anchor].volume = volumeLeft
        parts[anchor].amount = amountLeft
        shareInProportion(bar, among: &parts)
    }

    /// Trades and what takers bought follow the volume, by cumulative shares, so that nothing is lost to rounding.
    private func shareInProportion(_ bar: SyntheticBar, among parts: inout [SyntheticBar]) {
        var (volume, amount) = (Int64(0), Int64(0))
        var (trades, takerVolume, takerAmount) = (Int64(0), Int64(0), Int64(0))
        for index in parts.indices {
            volume += parts[index].volume
            amount += parts[index].amount
            let tradesUntil = Self.scaled(bar.trades, by: volume, over: bar.volume)
            let takerUntil = Self.scaled(bar.takerVolume, by: volume, over: bar.volume)
            let takerAmountUntil = Self.scaled(bar.takerAmount, by: amount, over: bar.amount)
            parts[index].trades = tradesUntil - trades
            parts[index].takerVolume = takerUntil - takerVolume
            parts[index].takerAmount = takerAmountUntil - takerAmount
            (trades, takerVolume, takerAmount) = (tradesUntil, takerUntil, takerAmountUntil)
        }
    }

    private static func scaled(_ value: Int64, by numerator: Int64, over denominator: Int64) -> Int64 {
        guard denominator > 0 else { return 0 }
        let product = value.multipliedFullWidth(by: numerator)
        return denominator.dividingFullWidth(product).quotient
    }
}
