import Trading

/// A market that was recorded: it tells the candles of its files, and every multiple of their intervals, and nothing
/// else.
struct ReplayMarket: Market {
    let instruments: [Instrument]
    /// When market time begins: when the first `history` candles of the earliest recording have closed.
    let start: Timestamp
    let end: Timestamp?

    private let series: [Symbol: [Interval: RecordedSeries]]
    /// Per symbol the finest recording, which knows the price best.
    private let finest: [Symbol: RecordedSeries]
    /// Every moment at which a recorded candle closes, and every moment at which one opens or closes; sorted.
    private let closes: [Timestamp]
    private let moments: [Timestamp]

    init(_ recordings: [Recording], history: Int) throws(SimulatorError) {
        guard let first = recordings.first else { throw .invalidSetting("a replay needs at least one recording") }
        var (series, finest) = ([Symbol: [Interval: RecordedSeries]](), [Symbol: RecordedSeries]())
        var (opens, closes) = (Set<Timestamp>(), Set<Timestamp>())
        var (earliest, digits) = (first, [Symbol: (price: Int, volume: Int)]())
        // Finest first, so that what a finer recording can tell is not overwritten by one aggregated from a coarser.
        for recording in recordings.sorted(by: { $0.interval.milliseconds < $1.interval.milliseconds }) {
            let symbol = recording.symbol
            var told = series[symbol] ?? [:]
            let parts = RecordedSeries.parts(of: recording)
            for interval in Interval.allCases where interval.milliseconds % recording.interval.milliseconds == 0 {
                let isRecorded = interval == recording.interval
                if isRecorded, recordings.filter({ $0.symbol == symbol && $0.interval == interval }).count > 1 {
                    throw .invalidRecording(
                        recording.file,
                        "there is another recording of \(symbol) \(interval.rawValue)"
                    )
                }
                if isRecorded || told[interval] == nil {
                    told[interval] = RecordedSeries(parts: parts, recorded: recording.interval, interval: interval)
                }
            }
            series[symbol] = told
            if finest[symbol] == nil { finest[symbol] = told[recording.interval] }
            for candle in recording.candles {
                opens.insert(candle.openTime)
                closes.insert(candle.openTime + recording.interval.milliseconds)
            }
            let known = digits[symbol] ?? (0, 0)
            digits[symbol] = (max(known.price, recording.priceDigits), max(known.volume, recording.volumeDigits))
            if recording.candles[0].openTime < earliest.candles[0].openTime { earliest = recording }
        }
        self.series = series
        self.finest = finest
        self.closes = closes.sorted()
        moments = opens.union(closes).sorted()
        end = self.closes.last
        let count = earliest.candles.count
        start = earliest.candles[min(history, count) - 1].openTime + earliest.interval.milliseconds
        guard history <= count, let end, start < end else {
            throw .invalidSetting(
                "\(earliest.file) holds \(count) candles: with a history of \(history) nothing is left to replay"
            )
        }
        instruments = digits.keys.sorted().map { symbol in
            Self.instrument(symbol, priceDigits: digits[symbol]?.price ?? 8, volumeDigits: digits[symbol]?.volume ?? 8)
        }
    }

    private static func instrument(_ symbol: Symbol, priceDigits: Int, volumeDigits: Int) -> Instrument {
        let (base, quote) = Instrument.assets(of: symbol)
        return Instrument(
            symbol: symbol,
            baseAsset: base,
            quoteAsset: quote,
            tickSize: unit(digits: priceDigits),
            stepSize: unit(digits: volumeDigits),
            minNotional: Instrument.minNotional(quote: quote),
            typicalPrice: .zero,
            dailyVolume: .zero
        )
    }

    private static func unit(digits: Int) -> FixedDecimal {
        FixedDecimal(raw: (digits..<FixedDecimal.fractionDigits).reduce(1) { product, _ in product * 10 })
    }

    func instrument(_ symbol: Symbol) -> Instrument? { instruments.first { $0.symbol == symbol } }

    func serves(_ symbol: Symbol, _ interval: Interval) -> Bool { series[symbol]?[interval] != nil }

    func klines(_ symbol: Symbol, _ interval: Interval, _ range: KlineRange, now: Timestamp) -> [Kline] {
        series[symbol]?[interval]?.klines(range, now: now) ?? []
    }

    func updates(
        _ symbol: Symbol,
        _ interval: Interval,
        after start: Timestamp,
        through end: Timestamp,
        forming: Bool
    ) -> [KlineUpdate] {
        series[symbol]?[interval]?.updates(after: start, through: end) ?? []
    }

    func trades(_ symbol: Symbol, after start: Timestamp, through end: Timestamp, forming: Bool) -> [MarketTrade] {
        finest[symbol]?.trades(after: start, through: end) ?? []
    }

    func price(_ symbol: Symbol, at now: Timestamp) -> FixedDecimal? { finest[symbol]?.price(at: now) }

    func summary(_ symbol: Symbol, from start: Timestamp, now: Timestamp) -> Kline? {
        finest[symbol]?.summary(from: start, now: now)
    }

    func nextClose(after now: Timestamp) -> Timestamp? { Self.first(in: closes, after: now) }

    func nextUpdate(after now: Timestamp, forming: Bool) -> Timestamp? { Self.first(in: moments, after: now) }

    private static func first(in moments: [Timestamp], after now: Timestamp) -> Timestamp? {
        var (low, high) = (0, moments.count)
        while low < high {
            let middle = (low + high) / 2
            if moments[middle] > now { high = middle } else { low = middle + 1 }
        }
        return low < moments.count ? moments[low] : nil
    }
}
