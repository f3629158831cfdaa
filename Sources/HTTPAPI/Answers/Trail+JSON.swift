package import Store

extension ListedOrder {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("client_order_id", clientOrderID)
            json.member("strategy_id", strategyID)
            json.member("exchange", exchange)
            json.member("symbol", symbol)
            json.member("execution", execution)
            json.member("side", side)
            json.member("effect", effect)
            json.member("quantity", quantity)
            json.member("filled_quantity", filledQuantity)
            json.member("reason", reason)
            json.member("status", status)
            json.member("status_reason", statusReason)
            json.member("decided_on", decidedOn)
            json.member("shard", shard)
            json.member("epoch", epoch)
            json.member("exchange_order_id", exchangeOrderID)
            json.member("created_at", createdAt)
            json.member("updated_at", updatedAt)
        }
    }
}

extension ListedFill {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("trade_id", tradeID)
            json.member("client_order_id", clientOrderID)
            json.member("strategy_id", strategyID)
            json.member("exchange", exchange)
            json.member("symbol", symbol)
            json.member("side", side)
            json.member("price", price)
            json.member("quantity", quantity)
            json.member("fee", fee)
            json.member("commission", commission)
            json.member("commission_asset", commissionAsset)
            json.member("time", time)
        }
    }
}

extension ListedEvent {
    /// As it is in every list and stream of events, on one line.
    package var json: String {
        var json = JSONWriter()
        write(to: &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", id)
            json.member("at", at)
            json.member("kind", kind)
            json.member("strategy_id", strategyID)
            json.member("replica_id", replicaID)
            json.member("details", json: details)
        }
    }
}

extension AuditEntry {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("id", event.id)
            json.member("at", event.at)
            json.member("by", by)
            json.member("kind", event.kind)
            json.member("strategy_id", event.strategyID)
            json.member("symbol", symbol)
            json.member("exchange", exchange)
            json.member("replica_id", event.replicaID)
            json.member("details", json: event.details)
        }
    }
}

extension OwnershipChange {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.member("shard", shard)
            json.member("epoch", epoch)
            json.member("owner") { Optional(owner).write(to: &$0) }
            json.member("previous_owner") { previousOwner.write(to: &$0) }
            json.member("reason", reason)
            json.member("fenced_reason", fencedReason)
            json.member("strategies", strategies)
            json.member("at", at)
            json.member("released_at", releasedAt)
            json.member("ready_at", readyAt)
            json.member("gap_ms", gapMilliseconds)
        }
    }
}
