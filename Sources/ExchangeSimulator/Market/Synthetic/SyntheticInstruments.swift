import Trading

/// What the synthetic market lists: well-known pairs, and a million unlisted ones for load tests.
enum SyntheticInstruments {
    static let listed: [Instrument] = [
        make("BTCUSDT", tick: "0.01", step: "0.00001", price: "65000", volume: "60000"),
        make("ETHUSDT", tick: "0.01", step: "0.0001", price: "3200", volume: "300000"),
        make("BNBUSDT", tick: "0.01", step: "0.001", price: "580", volume: "600000"),
        make("SOLUSDT", tick: "0.01", step: "0.001", price: "150", volume: "3000000"),
        make("LTCUSDT", tick: "0.01", step: "0.001", price: "84", volume: "700000"),
        make("BCHUSDT", tick: "0.01", step: "0.001", price: "420", volume: "80000"),
        make("AVAXUSDT", tick: "0.0001", step: "0.01", price: "32", volume: "2500000"),
        make("LINKUSDT", tick: "0.0001", step: "0.01", price: "15", volume: "3000000"),
        make("DOTUSDT", tick: "0.0001", step: "0.01", price: "6.8", volume: "5000000"),
        make("ATOMUSDT", tick: "0.0001", step: "0.01", price: "8.4", volume: "2000000"),
        make("UNIUSDT", tick: "0.0001", step: "0.01", price: "9.1", volume: "2000000"),
        make("XRPUSDT", tick: "0.00001", step: "0.1", price: "0.62", volume: "400000000"),
        make("ADAUSDT", tick: "0.00001", step: "0.1", price: "0.47", volume: "200000000"),
        make("TRXUSDT", tick: "0.00001", step: "0.1", price: "0.13", volume: "300000000"),
        make("XLMUSDT", tick: "0.00001", step: "1", price: "0.11", volume: "300000000"),
        make("DOGEUSDT", tick: "0.000001", step: "1", price: "0.14", volume: "2000000000"),
        make("ETHBTC", tick: "0.000001", step: "0.0001", price: "0.0492", volume: "400000"),
        make("BNBBTC", tick: "0.0000001", step: "0.001", price: "0.00892", volume: "600000"),
        make("LTCBTC", tick: "0.0000001", step: "0.001", price: "0.00129", volume: "600000"),
        make("SOLBTC", tick: "0.0000001", step: "0.01", price: "0.0023", volume: "6000000"),
        make("XRPBTC", tick: "0.00000001", step: "1", price: "0.0000095", volume: "60000000"),
        make("ADABTC", tick: "0.00000001", step: "1", price: "0.0000072", volume: "60000000"),
    ]

    /// How many there are for load tests.
    static let loadTests = 999_999

    private static let bySymbol = Dictionary(uniqueKeysWithValues: listed.map { ($0.symbol, $0) })

    static func instrument(_ symbol: Symbol) -> Instrument? {
        bySymbol[symbol] ?? loadTest(symbol)
    }

    /// Those with the lowest numbers.
    static func loadTest(first count: Int) -> [Instrument] {
        (0..<count).compactMap { index in
            let number = String(index + 1)
            return Symbol("SIM\(String(repeating: "0", count: max(0, 4 - number.count)))\(number)USDT").flatMap(
                loadTest
            )
        }
    }

    /// `SIM0001USDT` … `SIM9999USDT`, and with more digits up to `SIM999999USDT`.
    private static func loadTest(_ symbol: Symbol) -> Instrument? {
        let name = symbol.name
        guard (11...13).contains(name.utf8.count), name.hasPrefix("SIM"), name.hasSuffix("USDT") else { return nil }
        let digits = name.dropFirst(3).dropLast(4)
        guard digits.count == 4 || digits.first != "0" else { return nil }
        guard digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let number = Int(digits),
            number > 0
        else { return nil }
        // What a day comes to must fit into 64 bits, in hundred-millionths.
        let volume: FixedDecimal = number < 10_000 ? "500000" : "5000"
        return make(symbol, tick: "0.01", step: "0.001", price: FixedDecimal(1_000 + number), volume: volume)
    }

    private static func make(
        _ symbol: Symbol,
        tick: FixedDecimal,
        step: FixedDecimal,
        price: FixedDecimal,
        volume: FixedDecimal
    ) -> Instrument {
        let (base, quote) = Instrument.assets(of: symbol)
        return Instrument(
            symbol: symbol,
            baseAsset: base,
            quoteAsset: quote,
            tickSize: tick,
            stepSize: step,
            minNotional: Instrument.minNotional(quote: quote),
            typicalPrice: price,
            dailyVolume: volume
        )
    }
}
