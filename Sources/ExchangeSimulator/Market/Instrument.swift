import Trading

/// What is traded under a symbol, and in which steps.
struct Instrument: Sendable, Hashable {
    let symbol: Symbol
    let baseAsset: String
    let quoteAsset: String
    /// Prices are multiples of this, in quote units.
    let tickSize: FixedDecimal
    /// Quantities are multiples of this, in base units.
    let stepSize: FixedDecimal
    /// The least value of an order, in quote units.
    let minNotional: FixedDecimal
    /// Around which price the synthetic market moves, in quote units.
    let typicalPrice: FixedDecimal
    /// What is traded on a day in the synthetic market, in base units.
    let dailyVolume: FixedDecimal

    /// Splits a symbol at the quote assets people know.
    static func assets(of symbol: Symbol) -> (base: String, quote: String) {
        for quote in ["USDT", "USDC", "FDUSD", "TUSD", "BUSD", "BTC", "ETH", "BNB", "EUR", "TRY", "BRL", "JPY"]
        where symbol.name.hasSuffix(quote) && symbol.name.utf8.count > quote.utf8.count {
            return (String(symbol.name.dropLast(quote.count)), quote)
        }
        return (symbol.name, "USDT")
    }

    /// The least order value in a quote asset, roughly what Binance asks.
    static func minNotional(quote: String) -> FixedDecimal {
        switch quote {
        case "BTC": "0.0001"
        case "ETH": "0.001"
        case "BNB": "0.01"
        default: "5"
        }
    }
}
