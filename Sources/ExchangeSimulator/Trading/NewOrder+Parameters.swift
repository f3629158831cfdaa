import Trading

extension NewOrder {
    /// Reads the parameters of `POST /api/v3/order`, in the order and with the refusals of Binance.
    init(_ parameters: inout QueryParameters) throws(APIError) {
        guard let symbol = try parameters.symbol() else { throw .missing("symbol") }
        guard let sideName = try parameters.text("side") else { throw .missing("side") }
        guard let typeName = try parameters.text("type") else { throw .missing("type") }
        let forceName = try parameters.text("timeInForce")
        let quantity = try parameters.decimal("quantity")
        let quote = try parameters.decimal("quoteOrderQty")
        let price = try parameters.decimal("price")
        clientOrderID = try parameters.clientOrderID("newClientOrderId")
        let responseName = try parameters.text("newOrderRespType")
        // Labels, and what has no meaning while nobody trades with himself.
        for name in ["strategyId", "strategyType", "selfTradePreventionMode"] { _ = try parameters.text(name) }
        for name in ["stopPrice", "trailingDelta", "icebergQty"] where try parameters.text(name) != nil {
            throw .notRequired(name)
        }
        guard let side = Side(rawValue: sideName.lowercased()), sideName == sideName.uppercased() else {
            throw APIError(code: -1117, "Invalid side.")
        }
        guard let type = OrderType(rawValue: typeName) else { throw Self.refusal(ofType: typeName) }
        self.symbol = symbol
        self.side = side
        self.type = type
        guard let responseType = ResponseType(rawValue: responseName ?? (type == .limitMaker ? "ACK" : "FULL")) else {
            throw .invalidData("newOrderRespType")
        }
        self.responseType = responseType
        switch type {
        case .limit:
            guard let forceName else { throw .missing("timeInForce") }
            guard let force = TimeInForce(rawValue: forceName) else {
                throw APIError(code: -1115, "Invalid timeInForce.")
            }
            timeInForce = force
        case .limitMaker, .market:
            guard forceName == nil else { throw .notRequired("timeInForce") }
            timeInForce = .goodTillCanceled
        }
        switch (type, quantity, quote) {
        case (.market, nil, nil):
            throw APIError(
                code: -1102,
                "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!"
            )
        case (.market, _?, _?): throw .invalidCombination
        case (.market, nil, let quote?): amount = .quote(quote)
        case (_, nil, _): throw .missing("quantity")
        case (_, _, _?): throw .notRequired("quoteOrderQty")
        case (_, let quantity?, nil): amount = .quantity(quantity)
        }
        switch (type, price) {
        case (.market, nil): self.price = .zero
        case (.market, _?): throw .notRequired("price")
        case (_, nil): throw .missing("price")
        case (_, let price?): self.price = price
        }
    }

    private static func refusal(ofType name: String) -> APIError {
        let words = ["STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"]
        guard words.contains(name) else { return APIError(code: -1116, "Invalid orderType.") }
        let spoken = name.split(separator: "_").joined(separator: " ").lowercased()
        return .rejected(
            "\(spoken.prefix(1).uppercased())\(spoken.dropFirst()) orders are not supported for this symbol."
        )
    }
}
