import NIOHTTP1
package import Trading

extension BinanceTrading {
    package func place(_ request: OrderRequest) async -> OrderOutcome {
        var query = SignedQuery([
            ("symbol", request.symbol.name), ("side", request.side.rawValue.uppercased()),
            ("newClientOrderId", request.clientOrderID), ("quantity", request.quantity.description),
            ("newOrderRespType", "FULL"),
        ])
        switch request.kind {
        case .market: query.append("type", "MARKET")
        case .limit(let price, let timeInForce):
            query.append("type", "LIMIT")
            query.append("price", price.description)
            query.append("timeInForce", timeInForce.rawValue)
        }
        let answer = await send(.POST, query, signedAt: request.signedAt, receiveWindow: request.receiveWindow)
        let outcome = answer.outcome(of: request)
        if case .rejected(let rejection) = outcome, rejection.reason == .outsideWindow { forgetTime() }
        return outcome
    }

    package func cancel(
        _ clientOrderID: String,
        _ symbol: Symbol,
        signedAt: Timestamp,
        receiveWindow: Int64
    ) async -> CancelOutcome {
        let query = SignedQuery([("symbol", symbol.name), ("origClientOrderId", clientOrderID)])
        let answer = await send(.DELETE, query, signedAt: signedAt, receiveWindow: receiveWindow)
        let outcome = answer.cancelOutcome(of: clientOrderID)
        if case .rejected(let rejection) = outcome, rejection.reason == .outsideWindow { forgetTime() }
        return outcome
    }

    private func send(
        _ method: HTTPMethod,
        _ query: SignedQuery,
        signedAt: Timestamp,
        receiveWindow: Int64
    ) async -> OrderAnswer {
        let target = "/api/v3/order?" + query.signed(at: signedAt, receiveWindow: receiveWindow, by: credentials)
        return await rest.sendOnce(
            method,
            target,
            headers: headers,
            weight: 1,
            isOrder: method == .POST,
            // What waits longer than its window for its turn would be refused anyway.
            patience: .milliseconds(receiveWindow)
        )
    }
}
