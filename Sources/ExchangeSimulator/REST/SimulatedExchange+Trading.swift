import Trading

extension SimulatedExchange {
    /// Checks who sent a request and whether it came in time.
    func authenticate(
        _ request: SimulatorRequest,
        _ parameters: inout QueryParameters,
        needing permission: AccountConfiguration.Permission = .userData
    ) throws(APIError) -> SignedRequest {
        let signed = try SignedRequest(request, &parameters, needing: permission) { desk.account(ofKey: $0) }
        try signed.check(arrivingAt: time.now)
        return signed
    }

    /// The market that must be named, and be there.
    func symbol(_ parameters: inout QueryParameters) throws(APIError) -> Symbol {
        guard let symbol = try parameters.symbol() else { throw .missing("symbol") }
        guard market.instrument(symbol) != nil else { throw .invalidSymbol }
        return symbol
    }

    /// Checks an order against the rules of its instrument.
    func check(_ order: NewOrder) throws(APIError) {
        guard let instrument = market.instrument(order.symbol) else { throw .invalidSymbol }
        try OrderFilters(instrument).check(order, averagePrice: averagePrice(instrument))
    }

    /// The average price of the last minutes, weighted by volume; without volume the last price, and before that zero.
    func averagePrice(_ instrument: Instrument) -> FixedDecimal {
        let now = clock.now
        let recent = market.summary(instrument.symbol, from: now - OrderFilters.averageMinutes * 60_000, now: now)
        guard let recent, recent.candle.volume.isPositive else {
            return market.price(instrument.symbol, at: now) ?? .zero
        }
        return recent.quoteVolume / recent.candle.volume
    }
}
