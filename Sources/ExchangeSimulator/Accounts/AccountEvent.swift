import Trading

/// What the owner of an account is told, as the JSON of a user data stream.
struct AccountEvent: Sendable, Hashable {
    let account: Int
    let text: String

    /// What happened to an order: Binance's execution types.
    enum Execution: String, Sendable {
        case new = "NEW"
        case canceled = "CANCELED"
        case trade = "TRADE"
        case expired = "EXPIRED"
    }

    /// - Parameters:
    ///   - trade: the execution that is told, if it is one.
    ///   - cancelID: the client id of the cancellation, if it is one.
    ///   - id: rises with every report.
    static func report(
        _ execution: Execution,
        of order: SimulatedOrder,
        trade: SimulatedTrade? = nil,
        cancelID: String? = nil,
        id: Int64,
        at time: Timestamp
    ) -> AccountEvent {
        let clientID = cancelID ?? order.clientOrderID
        let originalID = cancelID == nil ? "" : order.clientOrderID
        let commissionAsset = trade.map { "\"\($0.commissionAsset)\"" } ?? "null"
        var text =
            "{\"e\":\"executionReport\",\"E\":\(time.milliseconds),\"s\":\"\(order.symbol)\",\"c\":\"\(clientID)\","
            + "\"S\":\"\(order.side.code)\",\"o\":\"\(order.type.rawValue)\",\"f\":\"\(order.timeInForce.rawValue)\","
            + "\"q\":\"\(order.quantity.padded)\",\"p\":\"\(order.price.padded)\",\"P\":\"0.00000000\","
            + "\"F\":\"0.00000000\",\"g\":-1,\"C\":\"\(originalID)\",\"x\":\"\(execution.rawValue)\","
            + "\"X\":\"\(order.status.rawValue)\",\"r\":\"NONE\",\"i\":\(order.id),"
            + "\"l\":\"\((trade?.quantity ?? .zero).padded)\",\"z\":\"\(order.executed.padded)\","
            + "\"L\":\"\((trade?.price ?? .zero).padded)\",\"n\":\"\(trade?.commission.padded ?? "0")\","
            + "\"N\":\(commissionAsset),\"T\":\(order.updateTime.milliseconds),\"t\":\(trade?.id ?? -1),\"I\":\(id),"
            + "\"w\":\(order.status.isOpen),\"m\":\(trade?.isMaker ?? false),\"M\":\(trade != nil),"
            + "\"O\":\(order.time.milliseconds),\"Z\":\"\(order.executedQuote.padded)\","
            + "\"Y\":\"\((trade?.quoteQuantity ?? .zero).padded)\",\"Q\":\"\(order.quoteQuantity.padded)\","
            + "\"W\":\(order.time.milliseconds),\"V\":\"EXPIRE_MAKER\""
        if let reason = order.expiryReason { text += ",\"eR\":\"\(reason)\"" }
        return AccountEvent(account: order.account, text: text + "}")
    }

    static func position(_ account: Int, _ balances: [(asset: String, Balance)], at time: Timestamp) -> AccountEvent {
        let list = balances.map { asset, balance in
            "{\"a\":\"\(asset)\",\"f\":\"\(balance.free.padded)\",\"l\":\"\(balance.locked.padded)\"}"
        }
        let text =
            "{\"e\":\"outboundAccountPosition\",\"E\":\(time.milliseconds),\"u\":\(time.milliseconds),"
            + "\"B\":[\(list.joined(separator: ","))]}"
        return AccountEvent(account: account, text: text)
    }
}

extension Side {
    /// As Binance spells it.
    var code: String { self == .buy ? "BUY" : "SELL" }
}
