package import Trading

/// What is traded under a symbol, and the rules an order must obey there.
package struct Market: Sendable, Hashable {
    /// The quantities an order may have, in base units: from `minimum` to `maximum` in multiples of `step`.
    package struct LotSize: Sendable, Hashable {
        package let minimum: FixedDecimal
        package let maximum: FixedDecimal
        /// Zero: any quantity.
        package let step: FixedDecimal

        package init(minimum: FixedDecimal, maximum: FixedDecimal, step: FixedDecimal) {
            self.minimum = minimum
            self.maximum = maximum
            self.step = step
        }
    }

    package let symbol: Symbol
    /// What is bought and sold: `BTC`.
    package let baseAsset: String
    /// What it is paid with: `USDT`.
    package let quoteAsset: String
    /// Prices are multiples of it, in quote units. Zero: any price.
    package let tickSize: FixedDecimal
    package let lotSize: LotSize
    /// The rule for market orders, in addition to ``lotSize``; the exchange may have none.
    package let marketLotSize: LotSize?
    /// All the rules for orders, to be checked by.
    package let filters: ExchangeFilters
    /// Price × quantity must not be below it, in quote units. Zero: no such rule.
    package let minimumNotional: FixedDecimal

    package init(
        symbol: Symbol,
        baseAsset: String,
        quoteAsset: String,
        tickSize: FixedDecimal,
        lotSize: LotSize,
        marketLotSize: LotSize?,
        minimumNotional: FixedDecimal,
        filters: ExchangeFilters = ExchangeFilters()
    ) {
        self.symbol = symbol
        self.baseAsset = baseAsset
        self.quoteAsset = quoteAsset
        self.tickSize = tickSize
        self.lotSize = lotSize
        self.marketLotSize = marketLotSize
        self.minimumNotional = minimumNotional
        self.filters = filters
    }
}
