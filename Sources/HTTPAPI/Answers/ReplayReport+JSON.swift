import Trading

extension ReplayReport {
    func members(of json: inout JSONWriter) {
        json.member("from", from)
        json.member("to", to)
        json.member("candles", candles)
        json.member("pnl", pnl)
        json.member("fees", fees)
        json.member("trades_count", trades.count)
        json.member("wins", wins)
        json.member("max_drawdown", maxDrawdown)
        json.member("buy_and_hold_pnl", buyAndHold)
        json.member("trades") { json in
            json.array(trades) { json, trade in
                json.object { json in
                    json.member("entry_time", trade.entryTime)
                    json.member("entry_price", trade.entryPrice)
                    json.member("exit_time", trade.exitTime)
                    json.member("exit_price", trade.exitPrice)
                    json.member("quantity", trade.quantity)
                    json.member("pnl", trade.pnl)
                    json.member("fees", trade.fees)
                    json.member("reason", trade.reason)
                }
            }
        }
        json.member("equity") { json in
            json.array(equity) { json, point in
                json.object { json in
                    json.member("time", point.time)
                    json.member("value", point.value)
                }
            }
        }
    }
}
