import FoundationEssentials
import Trading

/// The answer of `/api/v3/exchangeInfo`: what can be traded and how.
struct ExchangeInfoDocument: Decodable {
    struct RateLimit: Decodable {
        let rateLimitType: String
        let interval: String
        let intervalNum: Int
        let limit: Int
    }

    struct Listing: Decodable {
        let symbol: Symbol
        let status: String
        let baseAsset: String
        let quoteAsset: String
        let filters: [Filter]
    }

    /// The fields of all the filters that matter; each filter has some of them.
    struct Filter: Decodable {
        let filterType: String
        let minPrice: FixedDecimal?
        let maxPrice: FixedDecimal?
        let tickSize: FixedDecimal?
        let minQty: FixedDecimal?
        let maxQty: FixedDecimal?
        let stepSize: FixedDecimal?
        let minNotional: FixedDecimal?
        let maxNotional: FixedDecimal?
        let applyToMarket: Bool?
        let applyMinToMarket: Bool?
        let applyMaxToMarket: Bool?

        func priceRange() -> ExchangeFilters.Range? {
            guard let minPrice, let maxPrice, let tickSize else { return nil }
            return ExchangeFilters.Range(minimum: minPrice, maximum: maxPrice, step: tickSize)
        }

        func quantityRange() -> ExchangeFilters.Range? {
            guard let minQty, let maxQty, let stepSize else { return nil }
            return ExchangeFilters.Range(minimum: minQty, maximum: maxQty, step: stepSize)
        }

        func notional() -> ExchangeFilters.Notional? {
            guard let minNotional else { return nil }
            return ExchangeFilters.Notional(
                minimum: minNotional,
                maximum: maxNotional,
                minimumAppliesToMarket: applyToMarket ?? applyMinToMarket ?? false,
                maximumAppliesToMarket: applyMaxToMarket ?? false
            )
        }

        func lotSize() -> Market.LotSize? {
            guard let minQty, let maxQty, let stepSize else { return nil }
            return Market.LotSize(minimum: minQty, maximum: maxQty, step: stepSize)
        }
    }

    let rateLimits: [RateLimit]?
    let symbols: [Listing]

    init(_ data: Data) throws(ExchangeError) {
        do {
            self = try JSONDecoder().decode(ExchangeInfoDocument.self, from: data)
        } catch {
            throw .malformed("its markets", error)
        }
    }

    /// Request weight allowed in a minute.
    var weightPerMinute: Int? {
        rateLimits?.first { $0.rateLimitType == "REQUEST_WEIGHT" && $0.interval == "MINUTE" && $0.intervalNum == 1 }?
            .limit
    }

    /// - Throws: ``ExchangeError/Code/unknownSymbol`` if it is not listed or does not trade.
    func market(_ symbol: Symbol) throws(ExchangeError) -> Market {
        guard let listing = symbols.first(where: { $0.symbol == symbol }) else {
            throw ExchangeError(.unknownSymbol, "\(symbol) is not a market of this exchange; check the spelling")
        }
        guard listing.status == "TRADING" else {
            throw ExchangeError(
                .unknownSymbol,
                "\(symbol) does not trade now (\(listing.status)); try again when it does"
            )
        }
        let filters = Dictionary(listing.filters.map { ($0.filterType, $0) }) { first, _ in first }
        guard let lotSize = filters["LOT_SIZE"]?.lotSize() else {
            throw ExchangeError(
                .malformed,
                "\(symbol) has no LOT_SIZE filter; check that the configured URL is the exchange's"
            )
        }
        return Market(
            symbol: symbol,
            baseAsset: listing.baseAsset,
            quoteAsset: listing.quoteAsset,
            tickSize: filters["PRICE_FILTER"]?.tickSize ?? .zero,
            lotSize: lotSize,
            marketLotSize: filters["MARKET_LOT_SIZE"]?.lotSize(),
            minimumNotional: (filters["NOTIONAL"] ?? filters["MIN_NOTIONAL"])?.minNotional ?? .zero,
            filters: ExchangeFilters(
                price: filters["PRICE_FILTER"]?.priceRange(),
                lotSize: filters["LOT_SIZE"]?.quantityRange(),
                marketLotSize: filters["MARKET_LOT_SIZE"]?.quantityRange(),
                minimumNotional: filters["MIN_NOTIONAL"]?.notional(),
                notional: filters["NOTIONAL"]?.notional()
            )
        )
    }
}
