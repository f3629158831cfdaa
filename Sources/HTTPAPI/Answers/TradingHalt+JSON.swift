import Store

extension TradingHalt {
    func members(of json: inout JSONWriter) {
        json.member("halted", isHalted)
        json.member("reason", reason)
        json.member("by", by)
        json.member("since", since)
    }
}
