package import Store

extension ActiveStrategy {
    /// As it is in every list, on one line.
    package var json: String {
        var json = JSONWriter()
        write(to: &json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// - Parameter more: Further members, after the strategy's own.
    func write(to json: inout JSONWriter, more: (inout JSONWriter) -> Void = { _ in }) {
        json.object { json in
            members(of: &json)
            more(&json)
        }
    }

    func members(of json: inout JSONWriter) {
        json.member("id", id)
        json.member("symbol", symbol)
        json.member("exchange", exchange)
        json.member("strategy_type", strategyType)
        json.member("interval", interval)
        json.member("execution", execution)
        json.member("config", json: config)
        json.member("status", status.rawValue)
        json.member("started_at", startedAt)
        json.member("last_active", lastActive)
        json.member("owner") { owner.write(to: &$0) }
        json.member("shard", shard)
        json.member("epoch", epoch)
        json.member("position", position)
        json.member("exposure", exposure)
        json.member("pnl", pnl)
        json.member("unrealized_pnl", unrealizedPnL)
        json.member("fees", fees)
        json.member("trades_count", tradesCount)
        json.member("candles", candles)
        json.member("restores", restores)
        json.member("last_candle", lastCandle)
        json.member("last_error", lastError)
        json.member("limits", json: limits)
        json.member("limit_reached") { json in
            guard let limitReached else { return json.null() }
            json.object { json in
                json.member("limit", limitReached.name)
                json.member("reason", limitReached.reason)
            }
        }
        json.member("pnl_today", pnlToday)
        json.member("version", version)
        json.member("applied_version", appliedVersion)
        json.member("closing", isClosing)
    }

    /// Of its version: the rest changes with every candle.
    var entityTag: String { "\"\(version)\"" }

    /// Whether its position is still to be closed.
    var isClosing: Bool { closing > closed }
}

extension Owner? {
    func write(to json: inout JSONWriter) {
        guard let owner = self else { return json.null() }
        json.object { json in
            json.member("id", owner.id)
            json.member("name", owner.name)
        }
    }
}
