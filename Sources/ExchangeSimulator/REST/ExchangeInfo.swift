import Trading

/// The answer of `GET /api/v3/exchangeInfo`.
enum ExchangeInfo {
    static func json(_ instruments: [Instrument], now: Timestamp, weightLimit: Int) -> String {
        let limits = [
            rateLimit("REQUEST_WEIGHT", "MINUTE", 1, weightLimit),
            rateLimit("ORDERS", "SECOND", 10, 100),
            rateLimit("ORDERS", "DAY", 1, 200_000),
            rateLimit("RAW_REQUESTS", "MINUTE", 5, 61_000),
        ]
        return
            "{\"timezone\":\"UTC\",\"serverTime\":\(now.milliseconds),\"rateLimits\":[\(limits.joined(separator: ","))],"
            + "\"exchangeFilters\":[],\"symbols\":[\(instruments.map(symbol).joined(separator: ","))]}"
    }

    private static func rateLimit(_ type: String, _ unit: String, _ number: Int, _ limit: Int) -> String {
        "{\"rateLimitType\":\"\(type)\",\"interval\":\"\(unit)\",\"intervalNum\":\(number),\"limit\":\(limit)}"
    }

    private static func symbol(_ instrument: Instrument) -> String {
        let (tick, step) = (instrument.tickSize.padded, instrument.stepSize.padded)
        let minNotional = instrument.minNotional.padded
        let largestPrice = "100000000.00000000"
        let largestLot = "9000000000.00000000"
        let filters = [
            "{\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"\(tick)\",\"maxPrice\":\"\(largestPrice)\",\"tickSize\":\"\(tick)\"}",
            "{\"filterType\":\"LOT_SIZE\",\"minQty\":\"\(step)\",\"maxQty\":\"\(largestLot)\",\"stepSize\":\"\(step)\"}",
            "{\"filterType\":\"MARKET_LOT_SIZE\",\"minQty\":\"0.00000000\",\"maxQty\":\"\(largestLot)\","
                + "\"stepSize\":\"0.00000000\"}",
            "{\"filterType\":\"MIN_NOTIONAL\",\"minNotional\":\"\(minNotional)\",\"applyToMarket\":true,\"avgPriceMins\":5}",
            "{\"filterType\":\"NOTIONAL\",\"minNotional\":\"\(minNotional)\",\"applyMinToMarket\":true,"
                + "\"maxNotional\":\"9000000.00000000\",\"applyMaxToMarket\":false,\"avgPriceMins\":5}",
        ]
        return "{\"symbol\":\"\(instrument.symbol)\",\"status\":\"TRADING\",\"baseAsset\":\"\(instrument.baseAsset)\","
            + "\"baseAssetPrecision\":8,\"quoteAsset\":\"\(instrument.quoteAsset)\",\"quotePrecision\":8,"
            + "\"quoteAssetPrecision\":8,\"baseCommissionPrecision\":8,\"quoteCommissionPrecision\":8,"
            + "\"orderTypes\":[\"LIMIT\",\"LIMIT_MAKER\",\"MARKET\"],\"icebergAllowed\":false,\"ocoAllowed\":false,"
            + "\"otoAllowed\":false,\"quoteOrderQtyMarketAllowed\":true,\"allowTrailingStop\":false,"
            + "\"cancelReplaceAllowed\":false,\"isSpotTradingAllowed\":true,\"isMarginTradingAllowed\":false,"
            + "\"filters\":[\(filters.joined(separator: ","))],\"permissions\":[],\"permissionSets\":[[\"SPOT\"]],"
            + "\"defaultSelfTradePreventionMode\":\"EXPIRE_MAKER\","
            + "\"allowedSelfTradePreventionModes\":[\"EXPIRE_TAKER\",\"EXPIRE_MAKER\",\"EXPIRE_BOTH\"]}"
    }
}
