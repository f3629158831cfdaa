import Trading

/// What a client subscribes to: `btcusdt@kline_1m`.
struct StreamName: Sendable, Hashable {
    enum Content: Sendable, Hashable {
        case klines(Symbol, Interval)
        case trades(Symbol)
        case miniTicker(Symbol)
        /// Nothing that is told here. May be subscribed to, as on Binance; nothing ever comes.
        case nothing
    }

    let text: String
    let content: Content

    init(_ text: String) {
        self.text = text
        content = Self.content(of: text)
    }

    private static func content(of text: String) -> Content {
        guard let sign = text.firstIndex(of: "@") else { return .nothing }
        let name = text[..<sign]
        guard let symbol = Symbol(String(name)), symbol.name.lowercased() == name else { return .nothing }
        let topic = text[text.index(after: sign)...]
        if topic == "trade" { return .trades(symbol) }
        if topic == "miniTicker" { return .miniTicker(symbol) }
        guard topic.hasPrefix("kline_"), let interval = Interval(rawValue: String(topic.dropFirst(6))) else {
            return .nothing
        }
        return .klines(symbol, interval)
    }
}
