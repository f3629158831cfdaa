import FoundationEssentials
import NIOHTTP1
import Trading

/// Everything about orders that was ever received, whatever became of it: the judge of those who test.
struct OrderLog: Sendable {
    enum Verdict: String, Sendable {
        /// Not decided yet: it is held back before matching.
        case pending
        case accepted
        case rejected
        /// Lost before matching.
        case dropped
    }

    struct Entry: Sendable {
        /// What was asked for: `place`, `cancel` or `cancel_all`.
        let kind: String
        let receivedAt: Timestamp
        let apiKey: String?
        /// As it was sent.
        let fields: [String: String]
        var verdict = Verdict.pending
        var decidedAt: Timestamp?
        /// How long after the last step of the market; nil where that moves by itself.
        var acceptedAfterStep: Duration?
        var error: APIError?
        /// What it made, or what it cancelled.
        var order: (symbol: Symbol, id: Int64)?
    }

    /// What is kept of a request, by its name there and here.
    private static let kept = [
        ("symbol", "symbol"), ("side", "side"), ("type", "type"), ("timeInForce", "time_in_force"),
        ("quantity", "quantity"), ("quoteOrderQty", "quote_quantity"), ("price", "price"),
        ("newClientOrderId", "client_order_id"), ("origClientOrderId", "original_client_order_id"),
        ("orderId", "named_order_id"), ("timestamp", "timestamp"), ("recvWindow", "receive_window"),
    ]

    private(set) var entries: [Entry] = []

    /// Notes a request; answers with its number, from 1.
    mutating func receive(_ request: SimulatorRequest, at time: Timestamp) -> Int {
        let parameters = try? QueryParameters(request)
        var fields: [String: String] = [:]
        for (name, label) in Self.kept { fields[label] = parameters?.raw(name) }
        let kind: String
        switch (request.method, request.path) {
        case (.POST, _): kind = "place"
        case (_, "/api/v3/openOrders"): kind = "cancel_all"
        default: kind = "cancel"
        }
        let key = request.headers.first(name: "X-MBX-APIKEY") ?? parameters?.raw("apiKey")
        entries.append(Entry(kind: kind, receivedAt: time, apiKey: key, fields: fields))
        return entries.count
    }

    mutating func accept(
        _ number: Int,
        order: (symbol: Symbol, id: Int64)?,
        at time: Timestamp,
        afterStep: Duration?
    ) {
        entries[number - 1].acceptedAfterStep = afterStep
        entries[number - 1].verdict = .accepted
        entries[number - 1].decidedAt = time
        entries[number - 1].order = order
    }

    mutating func reject(_ number: Int, _ error: APIError, at time: Timestamp) {
        entries[number - 1].verdict = .rejected
        entries[number - 1].decidedAt = time
        entries[number - 1].error = error
    }

    mutating func drop(_ number: Int, at time: Timestamp) {
        entries[number - 1].verdict = .dropped
        entries[number - 1].decidedAt = time
    }

    func json(_ number: Int, engine: TradingEngine) -> JSONValue {
        let entry = entries[number - 1]
        var fields: [String: JSONValue] = entry.fields.mapValues { .string($0) }
        fields["number"] = .number(Decimal(number))
        fields["kind"] = .string(entry.kind)
        fields["received_at"] = .number(Decimal(entry.receivedAt.milliseconds))
        fields["api_key"] = entry.apiKey.map { .string($0) }
        fields["verdict"] = .string(entry.verdict.rawValue)
        fields["decided_at"] = entry.decidedAt.map { .number(Decimal($0.milliseconds)) }
        fields["accepted_after_us"] = entry.acceptedAfterStep.map { .number(Decimal(Int64($0 / .microseconds(1)))) }
        fields["code"] = entry.error.map { .number(Decimal($0.code)) }
        fields["message"] = entry.error.map { .string($0.message) }
        if let (symbol, id) = entry.order {
            let order = engine.order(symbol, id)
            fields["order"] = .object([
                "id": .number(Decimal(id)),
                "client_order_id": .string(order.clientOrderID),
                "symbol": .string(symbol.name),
                "side": .string(order.side.code),
                "type": .string(order.type.rawValue),
                "status": .string(order.status.rawValue),
                "quantity": .string(order.quantity.description),
                "price": .string(order.price.description),
                "executed": .string(order.executed.description),
                "executed_quote": .string(order.executedQuote.description),
                "time": .number(Decimal(order.time.milliseconds)),
                "market_time": .number(Decimal(order.placedAt.milliseconds)),
            ])
        }
        return .object(fields)
    }
}
