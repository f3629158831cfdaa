import Trading

/// The rules of an instrument that an order must obey: what `exchangeInfo` tells and what orders are refused by.
struct OrderFilters: Sendable, Hashable {
    let minimumPrice: FixedDecimal
    let maximumPrice: FixedDecimal
    let tickSize: FixedDecimal
    let minimumQuantity: FixedDecimal
    let maximumQuantity: FixedDecimal
    let stepSize: FixedDecimal
    /// For market orders, besides the others.
    let maximumMarketQuantity: FixedDecimal
    let minimumNotional: FixedDecimal
    /// Not for market orders.
    let maximumNotional: FixedDecimal

    /// Over which time the price is averaged by which market orders are judged, in minutes.
    static let averageMinutes: Int64 = 5

    init(_ instrument: Instrument) {
        minimumPrice = instrument.tickSize
        maximumPrice = "100000000"
        tickSize = instrument.tickSize
        minimumQuantity = instrument.stepSize
        maximumQuantity = "9000000000"
        stepSize = instrument.stepSize
        maximumMarketQuantity = "90000000"
        minimumNotional = instrument.minNotional
        maximumNotional = "9000000"
    }

    /// - Parameter averagePrice: what a market order's amount is reckoned with.
    func check(_ order: NewOrder, averagePrice: FixedDecimal) throws(APIError) {
        let isMarket = order.type == .market
        if !isMarket {
            try require(
                order.price >= minimumPrice && order.price <= maximumPrice && isMultiple(order.price, of: tickSize),
                "PRICE_FILTER"
            )
        }
        let notional: FixedDecimal
        switch order.amount {
        case .quantity(let quantity):
            try require(
                quantity >= minimumQuantity && quantity <= maximumQuantity && isMultiple(quantity, of: stepSize),
                "LOT_SIZE"
            )
            if isMarket { try require(quantity <= maximumMarketQuantity, "MARKET_LOT_SIZE") }
            notional = quantity * (isMarket ? averagePrice : order.price)
        case .quote(let amount):
            notional = amount
        }
        try require(notional >= minimumNotional, "MIN_NOTIONAL")
        if !isMarket { try require(notional <= maximumNotional, "NOTIONAL") }
    }

    private func isMultiple(_ value: FixedDecimal, of step: FixedDecimal) -> Bool {
        value.roundedDown(toMultipleOf: step) == value
    }

    private func require(_ condition: Bool, _ filter: String) throws(APIError) {
        if !condition { throw APIError(code: -1013, "Filter failure: \(filter)") }
    }

    /// As `exchangeInfo` tells them.
    var json: String {
        let filters = [
            "{\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"\(minimumPrice.padded)\","
                + "\"maxPrice\":\"\(maximumPrice.padded)\",\"tickSize\":\"\(tickSize.padded)\"}",
            "{\"filterType\":\"LOT_SIZE\",\"minQty\":\"\(minimumQuantity.padded)\","
                + "\"maxQty\":\"\(maximumQuantity.padded)\",\"stepSize\":\"\(stepSize.padded)\"}",
            "{\"filterType\":\"MARKET_LOT_SIZE\",\"minQty\":\"0.00000000\","
                + "\"maxQty\":\"\(maximumMarketQuantity.padded)\",\"stepSize\":\"0.00000000\"}",
            "{\"filterType\":\"MIN_NOTIONAL\",\"minNotional\":\"\(minimumNotional.padded)\",\"applyToMarket\":true,"
                + "\"avgPriceMins\":\(Self.averageMinutes)}",
            "{\"filterType\":\"NOTIONAL\",\"minNotional\":\"\(minimumNotional.padded)\",\"applyMinToMarket\":true,"
                + "\"maxNotional\":\"\(maximumNotional.padded)\",\"applyMaxToMarket\":false,"
                + "\"avgPriceMins\":\(Self.averageMinutes)}",
        ]
        return "[\(filters.joined(separator: ","))]"
    }
}
