import Trading

/// A request that needs nothing but the market whose strategy it is about.
struct MarketRequest {
    let symbol: Symbol
    let exchange: String

    init(_ body: JSONValue, defaultExchange: String) throws {
        var fields = try RequestFields(body, known: ["symbol", "exchange"])
        let symbol = fields.symbol()
        let exchange = fields.exchange(otherwise: defaultExchange)
        try fields.finish()
        guard let symbol, let exchange else {
            preconditionFailure("a field is missing though nothing was reported")
        }
        self.symbol = symbol
        self.exchange = exchange
    }
}
