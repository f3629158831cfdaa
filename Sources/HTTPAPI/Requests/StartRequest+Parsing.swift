import Store
import Trading

extension StartRequest {
    private static let members = ["symbol", "mode", "interval", "exchange", "execution", "config", "limits"]

    /// - Returns: What could be read, and what is wrong with the rest.
    static func parse(_ body: JSONValue, defaultExchange: String, defaultLimits: RiskLimits) throws -> (
        StartRequest, [FieldProblem]
    ) {
        var fields = try RequestFields(body, known: members)
        let symbol = fields.symbol()
        var mode = fields.requiredString("mode", "scalp")
        if let text = mode, !(1...64).contains(text.count) || !text.isPrintable {
            fields.refuse("mode", "must have one to sixty-four printable characters.")
            mode = nil
        }
        let request = StartRequest(
            symbol: symbol,
            mode: mode,
            interval: fields.interval(),
            exchange: fields.exchange(otherwise: defaultExchange),
            execution: fields.choice("execution", otherwise: .paper),
            config: fields.object("config"),
            limits: fields.limits(otherwise: defaultLimits)
        )
        return (request, fields.problems)
    }
}
