import Synchronization
import Trading

/// A market that was never traded: a pure function of (seed, symbol, time).
///
/// It remembers nothing, so a restarted simulator tells the same past, and any stretch of the past can be asked for.
/// What is kept between calls is only a bounded cache.
final class SyntheticMarket: Market {
    /// Trading begins on 2017-08-17 at 00:00 UTC, when it did on Binance.
    static let listing = Timestamp(milliseconds: 1_502_928_000_000)
    /// How often a forming candle is told about, in market time.
    static let formingCadence: Int64 = 500
    private static let cachedSeries = 12_000

    let seed: UInt64
    let instruments: [Instrument]
    /// The series that streams and tickers walk along, each standing near the present.
    private let live: Mutex<[Symbol: SyntheticSeries]> = Mutex([:])

    /// - Parameter loadTests: How many of the load-test symbols are listed.
    init(seed: UInt64, loadTests: Int = 0) {
        self.seed = seed
        instruments = SyntheticInstruments.listed + SyntheticInstruments.loadTest(first: loadTests)
    }

    var end: Timestamp? { nil }

    func instrument(_ symbol: Symbol) -> Instrument? { SyntheticInstruments.instrument(symbol) }

    func serves(_ symbol: Symbol, _ interval: Interval) -> Bool { instrument(symbol) != nil }

    func klines(_ symbol: Symbol, _ interval: Interval, _ range: KlineRange, now: Timestamp) -> [Kline] {
        guard let instrument = instrument(symbol), range.limit > 0 else { return [] }
        let length = interval.milliseconds
        let earliest = interval.openTime(containing: Self.listing)
        var last = min(range.end ?? now, now)
        last = interval.openTime(containing: last)
        guard last >= earliest else { return [] }
        var first = last - Int64(range.limit - 1) * length
        if let start = range.start {
            guard start <= last else { return [] }
            let containing = interval.openTime(containing: max(start, earliest))
            first = containing < start ? containing + length : containing
            last = min(last, first + Int64(range.limit - 1) * length)
        }
        first = max(first, earliest)
        // A series of its own: what somebody asks about the past must not displace what the streams stand on.
        var series = SyntheticSeries(instrument, seed: seed)
        var klines: [Kline] = []
        var openTime = first
        while openTime <= last {
            klines.append(kline(&series, instrument, interval, openTime, now: now))
            openTime = openTime + length
        }
        return klines
    }

    func updates(
        _ symbol: Symbol,
        _ interval: Interval,
        after start: Timestamp,
        through end: Timestamp,
        forming: Bool
    ) -> [KlineUpdate] {
        guard let instrument = instrument(symbol), end > start else { return [] }
        let cadence = forming ? min(Self.formingCadence, interval.milliseconds) : interval.milliseconds
        var updates: [KlineUpdate] = []
        // Boundaries of candles are multiples of the cadence away from an open time.
        let origin = interval.openTime(containing: start)
        var moment = origin + (start.since(origin) / cadence + 1) * cadence
        guard moment <= end else { return [] }
        withSeries(instrument) { series in
            while moment <= end {
                let openTime = interval.openTime(containing: moment)
                if openTime == moment {
                    let closed = kline(&series, instrument, interval, openTime - interval.milliseconds, now: moment)
                    updates.append(KlineUpdate(time: moment, kline: closed, isFinal: true))
                }
                let current = kline(&series, instrument, interval, openTime, now: moment)
                updates.append(KlineUpdate(time: moment, kline: current, isFinal: false))
                moment = moment + cadence
            }
        }
        return updates
    }

    func trades(_ symbol: Symbol, after start: Timestamp, through end: Timestamp, forming: Bool) -> [MarketTrade] {
        guard let instrument = instrument(symbol), start >= Self.listing else { return [] }
        let cadence = forming ? Self.formingCadence : Interval.oneSecond.milliseconds
        var moment = start - start.milliseconds % cadence + cadence
        guard moment <= end else { return [] }
        return withSeries(instrument) { series in
            var trades: [MarketTrade] = []
            while moment <= end {
                if let bar = series.bar(from: moment - cadence, until: moment), bar.volume > 0 {
                    let kline = kline(bar, instrument, moment - cadence)
                    trades.append(
                        MarketTrade(
                            id: moment.milliseconds / Self.formingCadence,
                            time: moment - 1,
                            price: kline.candle.close,
                            quantity: kline.candle.volume,
                            low: kline.candle.low,
                            high: kline.candle.high,
                            isBuyerMaker: bar.close < bar.open
                        )
                    )
                }
                moment = moment + cadence
            }
            return trades
        }
    }

    func price(_ symbol: Symbol, at now: Timestamp) -> FixedDecimal? {
        guard let instrument = instrument(symbol), now >= Self.listing else { return nil }
        let step = SyntheticLevel.lengths[SyntheticLevel.finest]
        let moment = now - now.milliseconds % step
        return withSeries(instrument) { series in
            FixedDecimal(raw: Int128(series.openingPrice(at: moment)) * instrument.tickSize.raw)
        }
    }

    func summary(_ symbol: Symbol, from start: Timestamp, now: Timestamp) -> Kline? {
        guard let instrument = instrument(symbol) else { return nil }
        let step = SyntheticLevel.lengths[SyntheticLevel.finest]
        let from = max(start - start.milliseconds % step, Self.listing)
        var series = SyntheticSeries(instrument, seed: seed)
        return series.bar(from: from, until: now - now.milliseconds % step).map { kline($0, instrument, from) }
    }

    func nextClose(after now: Timestamp) -> Timestamp? {
        Interval.oneSecond.openTime(containing: now) + Interval.oneSecond.milliseconds
    }

    func nextUpdate(after now: Timestamp, forming: Bool) -> Timestamp? {
        guard forming else { return nextClose(after: now) }
        return now - now.milliseconds % Self.formingCadence + Self.formingCadence
    }

    private func kline(
        _ series: inout SyntheticSeries,
        _ instrument: Instrument,
        _ interval: Interval,
        _ openTime: Timestamp,
        now: Timestamp
    ) -> Kline {
        // The first candle of three days or of a week may open before the listing.
        let start = max(openTime, Self.listing)
        let step = SyntheticLevel.lengths[SyntheticLevel.finest]
        let end = min(openTime + interval.milliseconds, now - now.milliseconds % step)
        let bar = series.bar(from: start, until: end) ?? .opening(at: series.openingPrice(at: start))
        return kline(bar, instrument, openTime)
    }

    private func kline(_ bar: SyntheticBar, _ instrument: Instrument, _ openTime: Timestamp) -> Kline {
        let (tick, step) = (instrument.tickSize.raw, instrument.stepSize.raw)
        return Kline(
            candle: Candle(
                openTime: openTime,
                open: FixedDecimal(raw: Int128(bar.open) * tick),
                high: FixedDecimal(raw: Int128(bar.high) * tick),
                low: FixedDecimal(raw: Int128(bar.low) * tick),
                close: FixedDecimal(raw: Int128(bar.close) * tick),
                volume: FixedDecimal(raw: Int128(bar.volume) * step)
            ),
            quoteVolume: FixedDecimal(int64: bar.amount),
            trades: bar.trades,
            takerBuyVolume: FixedDecimal(raw: Int128(bar.takerVolume) * step),
            takerBuyQuoteVolume: FixedDecimal(int64: bar.takerAmount)
        )
    }

    private func withSeries<Result>(_ instrument: Instrument, _ body: (inout SyntheticSeries) -> Result) -> Result {
        // Taken out and put back, so that nobody waits while it is split; two at once only split twice.
        var series =
            live.withLock { $0.removeValue(forKey: instrument.symbol) } ?? SyntheticSeries(instrument, seed: seed)
        let result = body(&series)
        live.withLock { cache in
            if cache.count >= Self.cachedSeries, let evicted = cache.keys.first { cache.removeValue(forKey: evicted) }
            cache[instrument.symbol] = series
        }
        return result
    }
}
