import Trading

extension SimulatedOrder {
    /// As `GET /api/v3/order` tells it.
    var json: String {
        "{\(identity(clientOrderID)),\(figures),\"stopPrice\":\"0.00000000\",\"icebergQty\":\"0.00000000\","
            + "\"time\":\(time.milliseconds),\"updateTime\":\(updateTime.milliseconds),\"isWorking\":true,"
            + "\"workingTime\":\(time.milliseconds)\(ending)}"
    }

    /// As `POST /api/v3/order` answers.
    func answer(_ type: NewOrder.ResponseType, trades: [SimulatedTrade]) -> String {
        let start = "{\(identity(clientOrderID)),\"transactTime\":\(time.milliseconds)"
        if type == .acknowledgement { return start + "}" }
        let result = start + ",\(figures),\"workingTime\":\(time.milliseconds)\(ending)"
        if type == .result { return result + "}" }
        let fills = trades.map { trade in
            "{\"price\":\"\(trade.price.padded)\",\"qty\":\"\(trade.quantity.padded)\","
                + "\"commission\":\"\(trade.commission.padded)\",\"commissionAsset\":\"\(trade.commissionAsset)\","
                + "\"tradeId\":\(trade.id)}"
        }
        return result + ",\"fills\":[\(fills.joined(separator: ","))]}"
    }

    /// As `DELETE /api/v3/order` answers.
    func cancellation(_ cancelID: String) -> String {
        "{\(identity(cancelID)),\"origClientOrderId\":\"\(clientOrderID)\",\"transactTime\":\(updateTime.milliseconds),"
            + "\(figures)\(ending)}"
    }

    private func identity(_ clientOrderID: String) -> String {
        "\"symbol\":\"\(symbol)\",\"orderId\":\(id),\"orderListId\":-1,\"clientOrderId\":\"\(clientOrderID)\""
    }

    private var figures: String {
        "\"price\":\"\(price.padded)\",\"origQty\":\"\(quantity.padded)\",\"executedQty\":\"\(executed.padded)\","
            + "\"origQuoteOrderQty\":\"\(quoteQuantity.padded)\",\"cummulativeQuoteQty\":\"\(executedQuote.padded)\","
            + "\"status\":\"\(status.rawValue)\",\"timeInForce\":\"\(timeInForce.rawValue)\",\"type\":\"\(type.rawValue)\","
            + "\"side\":\"\(side.code)\""
    }

    private var ending: String {
        ",\"selfTradePreventionMode\":\"EXPIRE_MAKER\"" + (expiryReason.map { ",\"expiryReason\":\"\($0)\"" } ?? "")
    }
}

extension SimulatedTrade {
    /// As `GET /api/v3/myTrades` tells it.
    var json: String {
        "{\"symbol\":\"\(symbol)\",\"id\":\(id),\"orderId\":\(orderID),\"orderListId\":-1,\"price\":\"\(price.padded)\","
            + "\"qty\":\"\(quantity.padded)\",\"quoteQty\":\"\(quoteQuantity.padded)\","
            + "\"commission\":\"\(commission.padded)\",\"commissionAsset\":\"\(commissionAsset)\","
            + "\"time\":\(time.milliseconds),\"isBuyer\":\(side == .buy),\"isMaker\":\(isMaker),\"isBestMatch\":true}"
    }
}
