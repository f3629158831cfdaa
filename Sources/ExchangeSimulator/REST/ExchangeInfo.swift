import Trading

/// The answer of `GET /api/v3/exchangeInfo`.
enum ExchangeInfo {
    static func json(_ instruments: [Instrument], now: Timestamp, weightLimit: Int) -> String {
        let limits =
            [rateLimit("REQUEST_WEIGHT", "MINUTE", 1, weightLimit)]
            + OrderCount.limits.map { rateLimit("ORDERS", $0.unit, $0.number, $0.limit) }
            + [rateLimit("RAW_REQUESTS", "MINUTE", 5, 61_000)]
        return
            "{\"timezone\":\"UTC\",\"serverTime\":\(now.milliseconds),\"rateLimits\":[\(limits.joined(separator: ","))],"
            + "\"exchangeFilters\":[],\"symbols\":[\(instruments.map(symbol).joined(separator: ","))]}"
    }

    private static func rateLimit(_ type: String, _ unit: String, _ number: Int, _ limit: Int) -> String {
        "{\"rateLimitType\":\"\(type)\",\"interval\":\"\(unit)\",\"intervalNum\":\(number),\"limit\":\(limit)}"
    }

    private static func symbol(_ instrument: Instrument) -> String {
        "{\"symbol\":\"\(instrument.symbol)\",\"status\":\"TRADING\",\"baseAsset\":\"\(instrument.baseAsset)\","
            + "\"baseAssetPrecision\":8,\"quoteAsset\":\"\(instrument.quoteAsset)\",\"quotePrecision\":8,"
            + "\"quoteAssetPrecision\":8,\"baseCommissionPrecision\":8,\"quoteCommissionPrecision\":8,"
            + "\"orderTypes\":[\"LIMIT\",\"LIMIT_MAKER\",\"MARKET\"],\"icebergAllowed\":false,\"ocoAllowed\":false,"
            + "\"otoAllowed\":false,\"quoteOrderQtyMarketAllowed\":true,\"allowTrailingStop\":false,"
            + "\"cancelReplaceAllowed\":false,\"isSpotTradingAllowed\":true,\"isMarginTradingAllowed\":false,"
            + "\"filters\":\(OrderFilters(instrument).json),\"permissions\":[],\"permissionSets\":[[\"SPOT\"]],"
            + "\"defaultSelfTradePreventionMode\":\"EXPIRE_MAKER\","
            + "\"allowedSelfTradePreventionModes\":[\"EXPIRE_TAKER\",\"EXPIRE_MAKER\",\"EXPIRE_BOTH\"]}"
    }
}
