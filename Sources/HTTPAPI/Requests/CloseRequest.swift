import Trading

/// Which strategy's position is to be closed, why, and whether it may open another one.
struct CloseRequest {
    private static let longestReason = 200

    let symbol: Symbol
    let exchange: String
    let reason: String
    let pauses: Bool

    init(_ body: JSONValue, defaultExchange: String) throws {
        var fields = try RequestFields(body, known: ["symbol", "exchange", "reason", "pause"])
        let symbol = fields.symbol()
        let exchange = fields.exchange(otherwise: defaultExchange)
        let pauses = fields.boolean("pause")
        let reason = fields.string("reason") ?? "closed by hand"
        if reason.isEmpty || reason.count > Self.longestReason || !reason.isPrintable {
            fields.refuse("reason", "must have one to \(Self.longestReason) printable characters.")
        }
        try fields.finish()
        guard let symbol, let exchange else {
            preconditionFailure("a field is missing though nothing was reported")
        }
        self.symbol = symbol
        self.exchange = exchange
        self.reason = reason
        self.pauses = pauses
    }
}
