import Store

extension StoppedStrategy {
    func write(to json: inout JSONWriter) {
        json.object { members(of: &$0) }
    }

    func members(of json: inout JSONWriter) {
        json.member("id", strategyID)
        json.member("symbol", symbol)
        json.member("exchange", exchange)
        json.member("strategy_type", strategyType)
        json.member("interval", interval)
        json.member("execution", execution)
        json.member("config", json: config)
        json.member("status", "stopped")
        json.member("started_at", startedAt)
        json.member("stopped_at", stoppedAt)
        json.member("reason", reason)
        json.member("position", position)
        json.member("pnl", pnl)
        json.member("fees", fees)
        json.member("trades_count", tradesCount)
        json.member("candles", candles)
        json.member("restores", restores)
        json.member("last_candle", lastCandle)
    }
}
