import Store
import Trading

/// Which strategy is to stop, why, and what becomes of its position.
struct StopRequest {
    private static let members = ["symbol", "exchange", "reason", "positions"]
    private static let longestReason = 200

    let symbol: Symbol
    let exchange: String
    let reason: String
    let positions: StopPositions

    init(_ body: JSONValue, defaultExchange: String) throws {
        var fields = try RequestFields(body, known: Self.members)
        let symbol = fields.symbol()
        let exchange = fields.exchange(otherwise: defaultExchange)
        let positions: StopPositions? = fields.choice("positions", otherwise: .keep)
        let reason = fields.string("reason") ?? "user_stopped"
        if reason.isEmpty || reason.count > Self.longestReason || !reason.isPrintable {
            fields.refuse("reason", "must have one to \(Self.longestReason) printable characters.")
        }
        try fields.finish()
        guard let symbol, let exchange, let positions else {
            preconditionFailure("a field is missing though nothing was reported")
        }
        self.symbol = symbol
        self.exchange = exchange
        self.reason = reason
        self.positions = positions
    }
}
