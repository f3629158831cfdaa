import ExchangeSimulator
import Testing
import Trading

@Suite("Market data over REST", .timeLimit(.minutes(5)))
struct MarketDataTests {
    /// 2025-06-15 12:00:30 UTC, and stands still.
    private static let still = SimulatorConfiguration(
        seed: 42,
        steps: true,
        startTime: Timestamp(milliseconds: 1_749_988_830_000)
    )

    @Test("says what time it is in the market")
    func time() async throws {
        try await withSimulator(Self.still) { simulator in
            let pong = try await simulator.get("/api/v3/ping")
            #expect(pong.body == .object([:]))
            #expect(try await simulator.get("/api/v3/time").body["serverTime"].integer == 1_749_988_830_000)
        }
    }

    @Test("tells candles as arrays of twelve, the forming one last")
    func klines() async throws {
        try await withSimulator(Self.still) { simulator in
            let answer = try await simulator.get("/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=2")
            #expect(answer.status == 200)
            #expect(answer.header("Content-Type") == "application/json;charset=UTF-8")
            let klines = answer.body.elements
            #expect(klines.count == 2)
            #expect(klines.map { $0[0].integer } == [1_749_988_740_000, 1_749_988_800_000])
            for kline in klines {
                #expect(kline.elements.count == 12)
                #expect(kline[6].integer == (kline[0].integer ?? 0) + 59_999)
                #expect(kline[8].integer != nil)
                for field in [1, 2, 3, 4, 5, 7, 9, 10] {
                    let text = try #require(kline[field].string)
                    #expect(text.split(separator: ".").last?.count == 8 && FixedDecimal(text) != nil)
                }
                #expect(kline[11].string == "0")
            }
            let (last, price) = (klines[1], try await simulator.get("/api/v3/ticker/price?symbol=BTCUSDT").body)
            #expect(price["symbol"].string == "BTCUSDT" && price["price"].string == last[4].string)
            let book = try await simulator.get("/api/v3/ticker/bookTicker?symbol=BTCUSDT").body
            #expect(book["bidPrice"].decimal == last[4].decimal)
            #expect(book["askPrice"].decimal == last[4].decimal.map { $0 + "0.01" })
        }
    }

    @Test("gives 500 candles unless asked for less, and never more than 1000")
    func limits() async throws {
        try await withSimulator(Self.still) { simulator in
            for (query, count) in [("", 500), ("&limit=7", 7), ("&limit=1000", 1_000), ("&limit=99999999", 1_000)] {
                let answer = try await simulator.get("/api/v3/klines?symbol=BTCUSDT&interval=1s\(query)")
                #expect(answer.body.elements.count == count)
            }
            let page = "startTime=1749988800000&endTime=1749988803000"
            let answer = try await simulator.get("/api/v3/klines?symbol=BTCUSDT&interval=1s&\(page)")
            #expect(answer.body.elements.count == 4)
        }
    }

    @Test("tells the same past when it is started anew")
    func isStateless() async throws {
        let query = "/api/v3/klines?symbol=ETHUSDT&interval=5m&limit=50"
        let answers = Answers()
        for _ in 0..<2 {
            try await withSimulator(Self.still) { answers.add(try await $0.get(query).body) }
        }
        #expect(answers.all.count == 2 && answers.all[0] == answers.all[1])
    }

    @Test("describes what is traded, load-test symbols only when asked for")
    func exchangeInfo() async throws {
        try await withSimulator(Self.still) { simulator in
            let all = try await simulator.get("/api/v3/exchangeInfo").body
            #expect(all["timezone"].string == "UTC" && all["rateLimits"][0]["limit"].integer == 6_000)
            let symbols = all["symbols"].elements.compactMap { $0["symbol"].string }
            #expect(symbols.contains("BTCUSDT") && symbols.contains("ETHBTC") && !symbols.contains("SIM0001USDT"))
            let one = try await simulator.get("/api/v3/exchangeInfo?symbol=SIM9999USDT").body["symbols"]
            #expect(one.elements.count == 1 && one[0]["baseAsset"].string == "SIM9999")
            #expect(try await simulator.get("/api/v3/exchangeInfo?symbol=SIM100000USDT").status == 200)
            #expect(try await simulator.get("/api/v3/exchangeInfo?symbol=SIM00001USDT").status == 400)
            let two = try await simulator.get("/api/v3/exchangeInfo?symbols=%5B%22BTCUSDT%22,%22SIM0001USDT%22%5D").body
            #expect(two["symbols"].elements.map { $0["symbol"].string } == ["BTCUSDT", "SIM0001USDT"])
            let filters = two["symbols"][0]["filters"].elements
            let names = filters.compactMap { $0["filterType"].string }
            #expect(names == ["PRICE_FILTER", "LOT_SIZE", "MARKET_LOT_SIZE", "MIN_NOTIONAL", "NOTIONAL"])
            #expect(filters[0]["tickSize"].decimal == "0.01" && filters[1]["stepSize"].decimal == "0.00001")
            #expect(two["symbols"][0]["status"].string == "TRADING")
        }
    }

    @Test("tells the last day of one symbol, and of all")
    func dayTicker() async throws {
        try await withSimulator(Self.still) { simulator in
            let one = try await simulator.get("/api/v3/ticker/24hr?symbol=BTCUSDT").body
            let price = try await simulator.get("/api/v3/ticker/price?symbol=BTCUSDT").body["price"].decimal
            #expect(one["lastPrice"].decimal == price)
            let change = try #require(one["priceChange"].decimal)
            #expect(try #require(one["openPrice"].decimal) + change == price)
            let all = try await simulator.get("/api/v3/ticker/24hr").body.elements
            #expect(
                all.count == (try await simulator.get("/api/v3/ticker/price").body.elements.count) && all.count > 15
            )
        }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let target: String
        var status = 400
        let code: Int64
        let message: String

        init(_ target: String, status: Int = 400, code: Int64, _ message: String) {
            (self.target, self.status, self.code, self.message) = (target, status, code, message)
        }

        var testDescription: String { target }
    }

    static let refusals = [
        Refusal("/api/v3/klines?symbol=NOPEUSDT&interval=1m", code: -1121, "Invalid symbol."),
        Refusal("/api/v3/klines?symbol=SIM0000USDT&interval=1m", code: -1121, "Invalid symbol."),
        Refusal("/api/v3/klines?symbol=BTCUSDT&interval=7m", code: -1120, "Invalid interval."),
        Refusal("/api/v3/klines?symbol=BTCUSDT&interval=1M", code: -1120, "Invalid interval."),
        Refusal(
            "/api/v3/klines?interval=1m",
            code: -1102,
            "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
        ),
        Refusal(
            "/api/v3/klines?symbol=BTCUSDT",
            code: -1102,
            "Mandatory parameter 'interval' was not sent, was empty/null, or malformed."
        ),
        Refusal("/api/v3/klines?symbol=&interval=1m", code: -1105, "Parameter 'symbol' was empty."),
        Refusal(
            "/api/v3/klines?symbol=btcusdt&interval=1m",
            code: -1100,
            "Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'."
        ),
        Refusal(
            "/api/v3/klines?symbol=BTC%2FUSDT&interval=1m",
            code: -1100,
            "Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'."
        ),
        Refusal(
            "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=-1",
            code: -1100,
            "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'."
        ),
        Refusal(
            "/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=soon",
            code: -1100,
            "Illegal characters found in parameter 'startTime'; legal range is '^[0-9]{1,20}$'."
        ),
        Refusal(
            "/api/v3/klines?symbol=BTCUSDT&interval=1m&symbol=ETHUSDT",
            code: -1101,
            "Duplicate values for parameter 'symbol' detected."
        ),
        Refusal(
            "/api/v3/klines?symbol=BTCUSDT&interval=1m&colour=red",
            code: -1104,
            "Not all sent parameters were read; read '2' parameter(s) but was sent '3'."
        ),
        Refusal(
            "/api/v3/ticker/price?symbol=BTCUSDT&symbols=%5B%22BTCUSDT%22%5D",
            code: -1128,
            "Combination of optional parameters invalid."
        ),
        Refusal("/api/v3/ticker/price?symbol=NOPEUSDT", code: -1121, "Invalid symbol."),
        Refusal("/api/v3/exchangeInfo?symbols=%5B%22NOPEUSDT%22%5D", code: -1121, "Invalid symbol."),
        Refusal("/api/v3/nothing", status: 404, code: -1000, "There is no /api/v3/nothing here."),
        Refusal("/", status: 404, code: -1000, "There is no / here."),
        Refusal("/ws/btcusdt@kline_1m", status: 426, code: -1000, "/ws/btcusdt@kline_1m speaks WebSocket."),
    ]

    @Test("refuses in Binance's words")
    func refuses() async throws {
        try await withSimulator(Self.still) { simulator in
            for refusal in Self.refusals {
                let answer = try await simulator.get(refusal.target)
                #expect(answer.status == refusal.status, "\(refusal.target)")
                #expect(answer.body["code"].integer == refusal.code, "\(refusal.target): \(answer.body.text)")
                #expect(answer.body["msg"].string == refusal.message, "\(refusal.target)")
            }
            let posted = try await simulator.post("/api/v3/klines", "symbol=BTCUSDT")
            #expect(posted.status == 405)
        }
    }

    @Test("takes times beyond all bounds for what they mean")
    func extremes() async throws {
        try await withSimulator(Self.still) { simulator in
            let query = "/api/v3/klines?symbol=BTCUSDT&interval=1d&limit=3"
            let first = try await simulator.get(query + "&startTime=0").body.elements
            #expect(first.map { $0[0].integer } == [1_502_928_000_000, 1_503_014_400_000, 1_503_100_800_000])
            #expect(try await simulator.get(query + "&startTime=99999999999999999999").body.elements.isEmpty)
            #expect(try await simulator.get(query + "&endTime=99999999999999999999").body.elements.count == 3)
            #expect(try await simulator.get(query + "&endTime=0").body.elements.isEmpty)
            #expect(try await simulator.get(query + "&startTime=1749988830000&endTime=1").body.elements.isEmpty)
        }
    }
}
