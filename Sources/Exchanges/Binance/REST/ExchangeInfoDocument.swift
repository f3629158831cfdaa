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

    /// One that cannot be read must not hide all the others.
    private struct Readable: Decodable {
        let listing: Listing?

        init(from decoder: any Decoder) throws {
            // That something is wrong is said to whoever asks for it by name.
            listing = try? Listing(from: decoder)
        }
    }

    private enum CodingKeys: CodingKey {
        case rateLimits, symbols
    }

    let rateLimits: [RateLimit]?
    private let listings: [Symbol: Listing]
    private let isComplete: Bool

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        rateLimits = try container.decodeIfPresent([RateLimit].self, forKey: .rateLimits)
        let all = try container.decode([Readable].self, forKey: .symbols)
        let listings = all.compactMap(\.listing)
        isComplete = listings.count == all.count
        self.listings = Dictionary(listings.map { ($0.symbol, $0) }) { first, _ in first }
    }

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

    /// All that trade.
    var markets: [Symbol: Market] {
        // Why one of them is none is said to whoever asks for it by name.
        listings.compactMapValues { try? $0.market() }
    }

    /// - Throws: ``ExchangeError/Code/unknownSymbol`` if it is not listed or does not trade.
    func market(_ symbol: Symbol) throws(ExchangeError) -> Market {
        guard let listing = listings[symbol] else {
            guard isComplete else { throw ExchangeError(.malformed, "the rules of \(symbol) cannot be read") }
            throw ExchangeError(.unknownSymbol, "\(symbol) is not a market of this exchange; check the spelling")
        }
        return try listing.market()
    }
}

extension ExchangeInfoDocument.Listing {
    fileprivate func market() throws(ExchangeError) -> Market {
        guard status == "TRADING" else {
            throw ExchangeError(.unknownSymbol, "\(symbol) does not trade now (\(status)); try again when it does")
        }
        let filters = Dictionary(filters.map { ($0.filterType, $0) }) { first, _ in first }
        guard let lotSize = filters["LOT_SIZE"]?.lotSize() else {
            throw ExchangeError(
                .malformed,
                "\(symbol) has no LOT_SIZE filter; check that the configured URL is the exchange's"
            )
        }
        return Market(
            symbol: symbol,
            baseAsset: baseAsset,
            quoteAsset: quoteAsset,
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
