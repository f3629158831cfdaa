import NIOHTTP1
import Trading

/// What an account may ask about itself: `/api/v3/account`, `order`, `openOrders`, `allOrders`, `myTrades` and their like.
struct AccountRoutes {
    let exchange: SimulatedExchange

    static let paths: Set = [
        "/api/v3/order", "/api/v3/order/test", "/api/v3/openOrders", "/api/v3/allOrders", "/api/v3/myTrades",
        "/api/v3/account", "/api/v3/account/commission", "/api/v3/rateLimit/order",
    ]

    /// What the request costs.
    static func weight(of request: SimulatorRequest) -> Int {
        // Read only where it depends on them: what is wrong with them is told when the request is answered.
        let parameter = { (name: String) in (try? QueryParameters(request))?.raw(name) }
        return switch (request.method, request.path) {
        case (.GET, "/api/v3/order"): 4
        case (.GET, "/api/v3/openOrders"): parameter("symbol") == nil ? 80 : 6
        case (_, "/api/v3/order/test"): parameter("computeCommissionRates") == "true" ? 20 : 1
        case (_, "/api/v3/myTrades"): parameter("orderId") == nil ? 20 : 5
        case (_, "/api/v3/allOrders"), (_, "/api/v3/account"), (_, "/api/v3/account/commission"): 20
        case (_, "/api/v3/rateLimit/order"): 40
        default: 1
        }
    }

    func respond(to request: SimulatorRequest) throws(APIError) -> SimulatorResponse {
        var parameters = try QueryParameters(request)
        switch (request.method, request.path) {
        case (.POST, "/api/v3/order/test"): return try test(request, &parameters)
        case (.GET, "/api/v3/order"): return try order(request, &parameters)
        case (.GET, "/api/v3/openOrders"): return try openOrders(request, &parameters)
        case (.GET, "/api/v3/allOrders"): return try allOrders(request, &parameters)
        case (.GET, "/api/v3/myTrades"): return try trades(request, &parameters)
        case (.GET, "/api/v3/account"): return try account(request, &parameters)
        case (.GET, "/api/v3/account/commission"): return try commission(request, &parameters)
        case (.GET, "/api/v3/rateLimit/order"): return try orderCount(request, &parameters)
        default: throw APIError(.methodNotAllowed, code: -1000, "\(request.path) is not asked with \(request.method).")
        }
    }

    private func test(
        _ request: SimulatorRequest,
        _ parameters: inout QueryParameters
    ) throws(APIError) -> SimulatorResponse {
        let signed = try exchange.authenticate(request, &parameters, needing: .trade)
        let order = try NewOrder(&parameters)
        let wantsRates = try parameters.text("computeCommissionRates") == "true"
        try parameters.finish()
        try exchange.check(order)
        guard wantsRates else { return SimulatorResponse("{}") }
        return SimulatorResponse(
            try exchange.desk.read { state throws(APIError) in
                let rates = state.engine.accounts[signed.account].configuration
                let none = "{\"maker\":\"0.00000000\",\"taker\":\"0.00000000\"}"
                return "{\"standardCommissionForOrder\":{\"maker\":\"\(rates.makerRate.padded)\","
                    + "\"taker\":\"\(rates.takerRate.padded)\"},\"specialCommissionForOrder\":\(none),"
                    + "\"taxCommissionForOrder\":\(none),\"discount\":\(Self.discount(rates))}"
            }
        )
    }

    private static func discount(_ rates: AccountConfiguration) -> String {
        "{\"enabledForAccount\":\(rates.commissionAsset != nil),\"enabledForSymbol\":true,"
            + "\"discountAsset\":\"\(rates.commissionAsset ?? "BNB")\",\"discount\":\"0.75000000\"}"
    }

    private func order(
        _ request: SimulatorRequest,
        _ parameters: inout QueryParameters
    ) throws(APIError) -> SimulatorResponse {
        let signed = try exchange.authenticate(request, &parameters)
        let symbol = try exchange.symbol(&parameters)
        let reference = try OrderReference(&parameters)
        try parameters.finish()
        return SimulatorResponse(
            try exchange.desk.read { state throws(APIError) in
                guard let order = state.engine.find(symbol, reference, account: signed.account),
                    isVisible(order.acceptedAt)
                else { throw .unknownOrder }
                return order.json
            }
        )
    }

    private func openOrders(
        _ request: SimulatorRequest,
        _ parameters: inout QueryParameters
    ) throws(APIError) -> SimulatorResponse {
        let signed = try exchange.authenticate(request, &parameters)
        let symbol = try parameters.symbol()
        try parameters.finish()
        if let symbol { guard exchange.market.instrument(symbol) != nil else { throw .invalidSymbol } }
        return list(
            try exchange.desk.read { state throws(APIError) in
                state.engine.openOrders(symbol, account: signed.account).filter { isVisible($0.acceptedAt) }.map(\.json)
            }
        )
    }

    private func allOrders(
        _ request: SimulatorRequest,
        _ parameters: inout QueryParameters
    ) throws(APIError) -> SimulatorResponse {
        let signed = try exchange.authenticate(request, &parameters)
        let symbol = try exchange.symbol(&parameters)
        let range = try range(&parameters, firstID: "orderId")
        try parameters.finish()
        return list(
            try exchange.desk.read { state throws(APIError) in
                state.engine.orders(symbol, account: signed.account, range).filter { isVisible($0.acceptedAt) }.map(
                    \.json
                )
            }
        )
    }

    private func trades(
        _ request: SimulatorRequest,
        _ parameters: inout QueryParameters
    ) throws(APIError) -> SimulatorResponse {
        let signed = try exchange.authenticate(request, &parameters)
        let symbol = try exchange.symbol(&parameters)
        let orderID = try parameters.integer("orderId")
        let range = try range(&parameters, firstID: "fromId")
        try parameters.finish()
        let hasTimes = range.start != nil || range.end != nil
        guard !hasTimes || (range.firstID == nil && orderID == nil) else { throw .invalidCombination }
        return list(
            try exchange.desk.read { state throws(APIError) in
                state.engine.trades(symbol, account: signed.account, orderID: orderID, range)
                    .filter { isVisible($0.acceptedAt) }.map(\.json)
            }
        )
    }

    private func account(
        _ request: SimulatorRequest,
        _ parameters: inout QueryParameters
    ) throws(APIError) -> SimulatorResponse {
        let signed = try exchange.authenticate(request, &parameters)
        let omitsZeros = try parameters.text("omitZeroBalances") == "true"
        try parameters.finish()
        return SimulatorResponse(
            try exchange.desk.read { state throws(APIError) in
                state.engine.accounts[signed.account].json(id: signed.account, omitsZeros: omitsZeros)
            }
        )
    }

    private func commission(
        _ request: SimulatorRequest,
        _ parameters: inout QueryParameters
    ) throws(APIError) -> SimulatorResponse {
        let signed = try exchange.authenticate(request, &parameters)
        let symbol = try exchange.symbol(&parameters)
        try parameters.finish()
        return SimulatorResponse(
            try exchange.desk.read { state throws(APIError) in
                let rates = state.engine.accounts[signed.account].configuration
                func four(_ maker: FixedDecimal, _ taker: FixedDecimal) -> String {
                    "{\"maker\":\"\(maker.padded)\",\"taker\":\"\(taker.padded)\",\"buyer\":\"0.00000000\","
                        + "\"seller\":\"0.00000000\"}"
                }
                return "{\"symbol\":\"\(symbol)\",\"standardCommission\":\(four(rates.makerRate, rates.takerRate)),"
                    + "\"specialCommission\":\(four(.zero, .zero)),\"taxCommission\":\(four(.zero, .zero)),"
                    + "\"discount\":\(Self.discount(rates))}"
            }
        )
    }

    private func orderCount(
        _ request: SimulatorRequest,
        _ parameters: inout QueryParameters
    ) throws(APIError) -> SimulatorResponse {
        let signed = try exchange.authenticate(request, &parameters)
        try parameters.finish()
        return list(
            try exchange.desk.read { state throws(APIError) in
                let counts = state.engine.accounts[signed.account].orderCount.counts(at: exchange.time.elapsed)
                return zip(OrderCount.limits, counts).map { limit, count in limit.json(count: count) }
            }
        )
    }

    // MARK: Parts

    private func range(
        _ parameters: inout QueryParameters,
        firstID: String
    ) throws(APIError) -> TradingEngine.Range {
        let first = try parameters.integer(firstID)
        let start = try parameters.integer("startTime").map(Timestamp.init(milliseconds:))
        let end = try parameters.integer("endTime").map(Timestamp.init(milliseconds:))
        let limit = try parameters.integer("limit") ?? 500
        if let start, let end, end.since(start) > 86_400_000 {
            throw APIError(code: -1127, "More than 24 hours between startTime and endTime.")
        }
        guard limit > 0 else { throw .missing("limit") }
        return TradingEngine.Range(firstID: first, start: start, end: end, limit: Int(min(limit, 1_000)))
    }

    private func isVisible(_ acceptedAt: Duration) -> Bool {
        acceptedAt + exchange.faults.staleReads <= exchange.time.elapsed
    }

    private func list(_ elements: [String]) -> SimulatorResponse {
        SimulatorResponse("[\(elements.joined(separator: ","))]")
    }
}
