import NIOHTTP1
import Trading

/// Binance's public market data: `/api/v3/…`.
struct MarketDataRoutes {
    let exchange: SimulatedExchange

    private static let paths: Set = [
        "/api/v3/ping", "/api/v3/time", "/api/v3/exchangeInfo", "/api/v3/klines", "/api/v3/uiKlines",
        "/api/v3/ticker/price", "/api/v3/ticker/bookTicker", "/api/v3/ticker/24hr", "/api/v3/depth", "/api/v3/avgPrice",
    ]

    /// What the request costs.
    func weight(of request: SimulatorRequest) -> Int {
        let parameters = try? QueryParameters(request)
        let isSingle = parameters?.raw("symbol") != nil
        return switch request.path {
        case "/api/v3/exchangeInfo": 20
        case "/api/v3/klines", "/api/v3/uiKlines", "/api/v3/avgPrice": 2
        case "/api/v3/ticker/price", "/api/v3/ticker/bookTicker": isSingle ? 2 : 4
        case "/api/v3/ticker/24hr": isSingle ? 2 : 80
        case "/api/v3/depth": Self.weight(ofDepth: parameters?.raw("limit").flatMap { Int($0) } ?? 100)
        default: 1
        }
    }

    private static func weight(ofDepth limit: Int) -> Int {
        switch limit {
        case ...100: 5
        case ...500: 25
        case ...1_000: 50
        default: 250
        }
    }

    func respond(to request: SimulatorRequest) throws(APIError) -> SimulatorResponse {
        guard Self.paths.contains(request.path) else {
            if SocketTarget(path: request.path, query: request.query) != nil {
                throw APIError(.upgradeRequired, code: -1000, "\(request.path) speaks WebSocket.")
            }
            throw APIError(.notFound, code: -1000, "There is no \(request.path) here.")
        }
        guard request.method == .GET || request.method == .HEAD else {
            throw APIError(.methodNotAllowed, code: -1000, "\(request.path) is read with GET.")
        }
        var parameters = try QueryParameters(request)
        switch request.path {
        case "/api/v3/ping":
            try parameters.finish()
            return SimulatorResponse("{}")
        case "/api/v3/time":
            try parameters.finish()
            return SimulatorResponse("{\"serverTime\":\(exchange.time.now.milliseconds)}")
        case "/api/v3/exchangeInfo": return try exchangeInfo(&parameters)
        case "/api/v3/klines", "/api/v3/uiKlines": return try klines(&parameters)
        case "/api/v3/depth": return try depth(&parameters)
        case "/api/v3/avgPrice": return try averagePrice(&parameters)
        case "/api/v3/ticker/price": return try tickers(&parameters, price)
        case "/api/v3/ticker/24hr": return try tickers(&parameters, dayTicker)
        default: return try tickers(&parameters, bookTicker)
        }
    }

    private func exchangeInfo(_ parameters: inout QueryParameters) throws(APIError) -> SimulatorResponse {
        let asked = try instruments(&parameters).instruments
        // Every instrument here may be traded on spot and is trading, so that these choose nothing.
        for name in ["permissions", "showPermissionSets", "symbolStatus"] { _ = try parameters.text(name) }
        try parameters.finish()
        let info = ExchangeInfo.json(
            asked,
            now: exchange.time.now,
            weightLimit: exchange.configuration.weightLimit
        )
        return SimulatorResponse(info)
    }

    private func klines(_ parameters: inout QueryParameters) throws(APIError) -> SimulatorResponse {
        guard let symbol = try parameters.symbol() else { throw .missing("symbol") }
        guard let intervalName = try parameters.text("interval") else { throw .missing("interval") }
        let start = try parameters.integer("startTime")
        let end = try parameters.integer("endTime")
        let limit = try parameters.integer("limit") ?? 500
        // Days begin at 00:00 UTC here, whatever is asked for.
        _ = try parameters.text("timeZone")
        try parameters.finish()
        guard exchange.market.instrument(symbol) != nil else { throw .invalidSymbol }
        guard let interval = Interval(rawValue: intervalName), exchange.market.serves(symbol, interval) else {
            throw .invalidInterval
        }
        guard limit > 0 else { throw .missing("limit") }
        let range = KlineRange(
            start: start.map(Timestamp.init(milliseconds:)),
            end: end.map(Timestamp.init(milliseconds:)),
            limit: Int(min(limit, 1_000))
        )
        let klines = exchange.market.klines(symbol, interval, range, now: exchange.clock.now)
        var text = "["
        text.reserveCapacity(klines.count * 200 + 2)
        for (index, kline) in klines.enumerated() {
            if index > 0 { text += "," }
            text += kline.json(interval)
        }
        text += "]"
        return SimulatorResponse(text)
    }

    private func tickers(
        _ parameters: inout QueryParameters,
        _ ticker: (Instrument, Timestamp) -> String?
    ) throws(APIError) -> SimulatorResponse {
        let (asked, isSingle) = try instruments(&parameters)
        _ = try parameters.text("symbolStatus")
        try parameters.finish()
        let now = exchange.clock.now
        let texts = asked.compactMap { ticker($0, now) }
        return SimulatorResponse(isSingle ? texts.first ?? "{}" : "[\(texts.joined(separator: ","))]")
    }

    private func price(_ instrument: Instrument, now: Timestamp) -> String? {
        exchange.market.price(instrument.symbol, at: now).map { price in
            "{\"symbol\":\"\(instrument.symbol)\",\"price\":\"\(price.padded)\"}"
        }
    }

    private func depth(_ parameters: inout QueryParameters) throws(APIError) -> SimulatorResponse {
        guard let symbol = try parameters.symbol() else { throw .missing("symbol") }
        let limit = try parameters.integer("limit") ?? 100
        _ = try parameters.text("symbolStatus")
        try parameters.finish()
        guard let instrument = exchange.market.instrument(symbol) else { throw .invalidSymbol }
        guard limit > 0 else { throw .missing("limit") }
        let now = exchange.clock.now
        let book = book(instrument, now: now)
        func side(_ levels: [OrderBook.Level]?) -> String {
            (levels ?? []).prefix(Int(min(limit, 5_000))).map { "[\"\($0.price.padded)\",\"\($0.quantity.padded)\"]" }
                .joined(separator: ",")
        }
        return SimulatorResponse(
            "{\"lastUpdateId\":\(now.milliseconds),\"bids\":[\(side(book?.bids))],\"asks\":[\(side(book?.asks))]}"
        )
    }

    private func averagePrice(_ parameters: inout QueryParameters) throws(APIError) -> SimulatorResponse {
        guard let symbol = try parameters.symbol() else { throw .missing("symbol") }
        try parameters.finish()
        guard let instrument = exchange.market.instrument(symbol) else { throw .invalidSymbol }
        return SimulatorResponse(
            "{\"mins\":\(OrderFilters.averageMinutes),\"price\":\"\(exchange.averagePrice(instrument).padded)\","
                + "\"closeTime\":\(exchange.clock.now.milliseconds)}"
        )
    }

    private func book(_ instrument: Instrument, now: Timestamp) -> OrderBook? {
        exchange.market.price(instrument.symbol, at: now).map {
            OrderBook(instrument, price: $0, liquidity: exchange.configuration.liquidity)
        }
    }

    private func bookTicker(_ instrument: Instrument, now: Timestamp) -> String? {
        guard let book = book(instrument, now: now), let bid = book.bids.first, let ask = book.asks.first else {
            return nil
        }
        return "{\"symbol\":\"\(instrument.symbol)\",\"bidPrice\":\"\(bid.price.padded)\","
            + "\"bidQty\":\"\(bid.quantity.padded)\",\"askPrice\":\"\(ask.price.padded)\","
            + "\"askQty\":\"\(ask.quantity.padded)\"}"
    }

    private func dayTicker(_ instrument: Instrument, now: Timestamp) -> String? {
        let start = now - 86_400_000
        guard let day = exchange.market.summary(instrument.symbol, from: start, now: now) else { return nil }
        let (candle, volume) = (day.candle, day.candle.volume)
        let change = candle.close - candle.open
        let percent = change.scaled(by: FixedDecimal(100), over: candle.open)
        let average = volume.isPositive ? day.quoteVolume / volume : candle.close
        guard let book = book(instrument, now: now), let bid = book.bids.first, let ask = book.asks.first else {
            return nil
        }
        let quantity = instrument.stepSize.padded
        return "{\"symbol\":\"\(instrument.symbol)\",\"priceChange\":\"\(change.padded)\","
            + "\"priceChangePercent\":\"\(percent)\",\"weightedAvgPrice\":\"\(average.padded)\","
            + "\"prevClosePrice\":\"\(candle.open.padded)\",\"lastPrice\":\"\(candle.close.padded)\","
            + "\"lastQty\":\"\(quantity)\",\"bidPrice\":\"\(bid.price.padded)\",\"bidQty\":\"\(bid.quantity.padded)\","
            + "\"askPrice\":\"\(ask.price.padded)\",\"askQty\":\"\(ask.quantity.padded)\","
            + "\"openPrice\":\"\(candle.open.padded)\",\"highPrice\":\"\(candle.high.padded)\","
            + "\"lowPrice\":\"\(candle.low.padded)\",\"volume\":\"\(volume.padded)\","
            + "\"quoteVolume\":\"\(day.quoteVolume.padded)\",\"openTime\":\(start.milliseconds),"
            + "\"closeTime\":\(now.milliseconds),\"firstId\":-1,\"lastId\":-1,\"count\":\(day.trades)}"
    }

    /// What `symbol` or `symbols` choose, else everything that is listed.
    private func instruments(
        _ parameters: inout QueryParameters
    ) throws(APIError) -> (instruments: [Instrument], isSingle: Bool) {
        let symbol = try parameters.symbol()
        let symbols = try parameters.symbols()
        guard symbol == nil || symbols == nil else { throw .invalidCombination }
        guard let asked = symbol.map({ [$0] }) ?? symbols else { return (exchange.market.instruments, false) }
        var instruments: [Instrument] = []
        for symbol in asked {
            guard let instrument = exchange.market.instrument(symbol) else { throw .invalidSymbol }
            instruments.append(instrument)
        }
        return (instruments, symbol != nil)
    }
}
