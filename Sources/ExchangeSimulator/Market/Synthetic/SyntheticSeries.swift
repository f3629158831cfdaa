import Trading

/// The bars of one synthetic instrument: any stretch of time, directly, without the ones before it.
///
/// A day's bar is a pure function of (seed, symbol, day): its open and close lie on fractal value noise, so the close
/// of a day is the open of the next. Everything shorter comes from splitting (``SyntheticSplit``), level by level. So a
/// day costs one step, a second thirteen, and a thousand candles of any interval a few thousand.
///
/// The splits last used are kept, one per level: walking along the time axis splits each bar once.
struct SyntheticSeries: Sendable {
    private let seed: UInt64
    private let split: SyntheticSplit
    private let typicalPrice: Double
    private let dailyLots: Double
    /// Per level the index of a bar of that level, and the parts it was split into.
    private var splits: [(index: Int64, parts: [SyntheticBar])]
    private var day: (index: Int64, bar: SyntheticBar)?

    /// Periods of the noise in days, and the amplitude of each. Amplitudes grow with the root of the period, as those
    /// of a random walk do.
    private static let octaves: [(period: Int64, amplitude: Double)] = [
        (1, 0.011), (3, 0.019), (9, 0.033), (27, 0.057), (81, 0.099), (243, 0.171),
    ]

    init(_ instrument: Instrument, seed: UInt64) {
        self.seed = HashedRandom.seed(seed, for: instrument.symbol.name)
        let amount = Double(instrument.tickSize.raw) * Double(instrument.stepSize.raw) / 100_000_000
        split = SyntheticSplit(amountPerLotTick: amount)
        typicalPrice = Double(instrument.typicalPrice.raw) / Double(instrument.tickSize.raw)
        dailyLots = Double(instrument.dailyVolume.raw) / Double(instrument.stepSize.raw)
        splits = Array(repeating: (.min, []), count: SyntheticLevel.finest)
    }

    /// What happened from `start` until before `end` (both multiples of the finest level), or `nil` if the stretch is
    /// empty.
    mutating func bar(from start: Timestamp, until end: Timestamp) -> SyntheticBar? {
        let dayLength = SyntheticLevel.lengths[SyntheticLevel.day]
        var (result, moment) = (SyntheticBar?.none, start.milliseconds)
        while moment < end.milliseconds {
            let index = Interval.oneDay.openTime(containing: Timestamp(milliseconds: moment)).milliseconds / dayLength
            let dayEnd = min((index + 1) * dayLength, end.milliseconds)
            collect(SyntheticLevel.day, index, dayBar(index), moment, dayEnd, into: &result)
            moment = dayEnd
        }
        return result
    }

    /// The price at which a stretch that begins at `start` opens, in ticks.
    mutating func openingPrice(at start: Timestamp) -> Int64 {
        let finest = SyntheticLevel.lengths[SyntheticLevel.finest]
        // A stretch of one finest step always has a bar.
        return bar(from: start, until: start + finest).map(\.open) ?? 1
    }

    private mutating func collect(
        _ level: Int,
        _ index: Int64,
        _ bar: SyntheticBar,
        _ start: Int64,
        _ end: Int64,
        into result: inout SyntheticBar?
    ) {
        let length = SyntheticLevel.lengths[level]
        if start <= index * length, end >= (index + 1) * length {
            if result == nil { result = bar } else { result?.extend(by: bar) }
            return
        }
        guard level < SyntheticLevel.finest else { return }
        if splits[level].index != index {
            var random = HashedRandom(seed: seed, level: level + 1, index: index)
            let parts = split.parts(of: bar, level: level, random: &random)
            splits[level] = (index, parts)
        }
        let (count, partLength) = (SyntheticLevel.parts(level), SyntheticLevel.lengths[level + 1])
        for part in 0..<count {
            let partIndex = index * Int64(count) + Int64(part)
            guard partIndex * partLength < end else { break }
            guard (partIndex + 1) * partLength > start else { continue }
            collect(level + 1, partIndex, splits[level].parts[part], start, end, into: &result)
        }
    }

    private mutating func dayBar(_ index: Int64) -> SyntheticBar {
        if let day, day.index == index { return day.bar }
        var random = HashedRandom(seed: seed, level: 0, index: index)
        let open: Int64
        if let day, day.index == index - 1 { open = day.bar.close } else { open = price(atDay: index) }
        var bar = SyntheticBar.opening(at: open)
        bar.close = price(atDay: index + 1)
        let (above, below) = (random.unit(), random.unit())
        bar.high = max(bar.open, bar.close)
        bar.low = min(bar.open, bar.close)
        bar.high += Int64(Double(bar.high) * (0.015 + 0.045 * above * above)) + 1
        bar.low -= Int64(Double(bar.low) * (0.015 + 0.045 * below * below)) + 1
        bar.low = max(bar.low, 1)
        bar.volume = Int64(dailyLots * (0.5 + random.unit()))
        let average = Double(bar.open + bar.high + bar.low + bar.close) / 4
        bar.amount = Int64(Double(bar.volume) * average * split.amountPerLotTick)
        bar.trades = 20_000_000 + Int64(20_000_000 * random.unit())
        let takers = 0.42 + 0.16 * random.unit()
        bar.takerVolume = Int64(Double(bar.volume) * takers)
        bar.takerAmount = Int64(Double(bar.amount) * takers)
        day = (index, bar)
        return bar
    }

    /// The price in ticks at which a day opens.
    private func price(atDay index: Int64) -> Int64 {
        var noise = 0.0
        for (number, octave) in Self.octaves.enumerated() {
            let cell = index >= 0 ? index / octave.period : (index - octave.period + 1) / octave.period
            let place = Double(index - cell * octave.period) / Double(octave.period)
            let blend = place * place * (3 - 2 * place)
            let left = latticeValue(number, cell)
            let right = latticeValue(number, cell + 1)
            noise += octave.amplitude * (left + (right - left) * blend)
        }
        // As e²ⁿ up to the third order, but with operations that every machine rounds alike; |noise| < 0.4.
        return max(1, Int64((typicalPrice * (1 + noise) / (1 - noise)).rounded()))
    }

    /// A number in −1..<1.
    private func latticeValue(_ octave: Int, _ cell: Int64) -> Double {
        var random = HashedRandom(seed: seed, level: 100 + octave, index: cell)
        return 2 * random.unit() - 1
    }
}
