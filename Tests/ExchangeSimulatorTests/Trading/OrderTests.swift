import ExchangeSimulator
import NIOHTTP1
import Testing
import Trading

@Suite("Orders", .timeLimit(.minutes(5)))
struct OrderTests {
    @Test("at the market are filled at once, from the best price on, and booked with commission")
    func market() async throws {
        try await withSimulator(.still) { simulator in
            let trader = simulator.trader
            let ask = try await simulator.price().ask
            let bought = try await trader.buy("0.01", id: "first").body
            #expect(bought["status"].string == "FILLED" && bought["clientOrderId"].string == "first")
            #expect(bought["fills"].elements.count == 1 && bought["fills"][0]["price"].decimal == ask)
            #expect(bought["fills"][0]["commission"].decimal == "0.00001")
            #expect(bought["fills"][0]["commissionAsset"].string == "BTC")
            #expect(bought["cummulativeQuoteQty"].decimal == ask * "0.01")
            #expect(try await trader.balance("BTC").free == "100.00999")
            #expect(try await trader.balance("USDT").free == FixedDecimal(1_000_000) - ask * "0.01")
            // More than the best price holds walks on to worse ones.
            let much = try await trader.buy("1").body
            let prices = much["fills"].elements.compactMap { $0["price"].decimal }
            #expect(prices.count > 2 && prices == prices.sorted() && prices.first == ask)
            #expect(prices.dropFirst().first == ask + "0.01")
            let trades = try await trader.send(.GET, "myTrades", "symbol=BTCUSDT").body.elements
            #expect(trades.map { $0["id"].integer } == (1...Int64(prices.count + 1)).map { $0 })
            #expect(trades.allSatisfy { $0["isBuyer"].bool == true && $0["isMaker"].bool == false })
            let quote = try await trader.send(
                .POST,
                "order",
                "symbol=BTCUSDT&side=SELL&type=MARKET&quoteOrderQty=1000"
            ).body
            #expect(quote["origQuoteOrderQty"].decimal == "1000" && quote["status"].string == "FILLED")
            #expect(quote["fills"][0]["commissionAsset"].string == "USDT")
            let amount = try #require(quote["cummulativeQuoteQty"].decimal)
            #expect(amount <= "1000" && amount > "999")
        }
    }

    @Test("with a limit rest, lock what they need, and are filled when the market comes to them")
    func resting() async throws {
        try await withSimulator(.still) { simulator in
            let trader = simulator.trader
            let bid = try await simulator.price().bid
            let price = bid - "5"
            let placed = try await trader.limit("BUY", "0.02", at: "\(price)", "&timeInForce=GTC&newClientOrderId=low")
                .body
            #expect(placed["status"].string == "NEW" && placed["fills"].elements.isEmpty)
            #expect(try await trader.balance("USDT").locked == price * "0.02")
            #expect(try await trader.send(.GET, "openOrders", "symbol=BTCUSDT").body.elements.count == 1)
            var order: JSONValue = .null
            for _ in 0..<600 {
                try await simulator.post("/sim/advance", #"{"candles": 5}"#)
                order = try await trader.order("low").body
                if order["status"].string == "FILLED" { break }
            }
            #expect(order["status"].string == "FILLED" && order["executedQty"].decimal == "0.02")
            #expect(order["cummulativeQuoteQty"].decimal == price * "0.02")
            let trades = try await trader.send(.GET, "myTrades", "symbol=BTCUSDT").body.elements
            #expect(trades.allSatisfy { $0["price"].decimal == price && $0["isMaker"].bool == true })
            #expect(try await trader.balance("USDT").locked == .zero)
            #expect(try await trader.balance("USDT").free == FixedDecimal(1_000_000) - price * "0.02")
            #expect(try await trader.send(.GET, "openOrders").body.elements.isEmpty)
        }
    }

    @Test("that want more than there is are filled in part; the rest rests, expires, or forbids it all")
    func partial() async throws {
        try await withSimulator(.still) { simulator in
            let trader = simulator.trader
            let ask = try await simulator.price().ask
            let resting = try await trader.limit("BUY", "1", at: "\(ask)").body
            #expect(resting["status"].string == "PARTIALLY_FILLED" && resting["fills"].elements.count == 1)
            let executed = try #require(resting["executedQty"].decimal)
            #expect(executed > .zero && executed < .one)
            #expect(try await trader.balance("USDT").locked == ask * (FixedDecimal.one - executed))
            let canceled = try await trader.send(.DELETE, "order", "symbol=BTCUSDT&orderId=1").body
            #expect(canceled["status"].string == "CANCELED" && canceled["executedQty"].decimal == executed)
            #expect(try await trader.balance("USDT").locked == .zero)
            let immediate = try await trader.limit("BUY", "1", at: "\(ask)", "&timeInForce=IOC").body
            #expect(immediate["status"].string == "EXPIRED" && immediate["executedQty"].decimal == executed)
            let all = try await trader.limit("BUY", "1", at: "\(ask)", "&timeInForce=FOK").body
            #expect(all["status"].string == "EXPIRED" && all["executedQty"].decimal == .zero)
            #expect(all["expiryReason"].string == "UNFILLED_FOK_ORDER_EXPIRED")
            let maker = "symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=1&price=\(ask)"
            #expect(
                try await trader.send(.POST, "order", maker).body["msg"].string
                    == "Order would immediately match and take."
            )
            let all4 = try await trader.send(.GET, "allOrders", "symbol=BTCUSDT").body.elements
            #expect(all4.map { $0["status"].string } == ["CANCELED", "EXPIRED", "EXPIRED"])
        }
    }

    @Test("under an id that is open are refused; once it is filled or cancelled, the same id is accepted again")
    func duplicates() async throws {
        try await withSimulator(.still) { simulator in
            let trader = simulator.trader
            let more = "&timeInForce=GTC&newClientOrderId=same"
            #expect(try await trader.limit("BUY", "0.01", at: "10000", more).status == 200)
            let again = try await trader.limit("BUY", "0.01", at: "10000", more)
            #expect(again.status == 400 && again.body["code"].integer == -2010)
            #expect(again.body["msg"].string == "Duplicate order sent.")
            // In another market it is another id.
            #expect(try await trader.buy("0.1", of: "ETHUSDT", id: "same").status == 200)
            #expect(try await trader.send(.DELETE, "order", "symbol=BTCUSDT&origClientOrderId=same").status == 200)
            #expect(try await trader.buy("0.01", id: "same").status == 200)
            #expect(try await trader.buy("0.01", id: "same").status == 200)
            #expect(try await trader.order("same").body["orderId"].integer == 3)
            let log = try await simulator.orderLog("?client_order_id=same")
            #expect(log.map { $0["verdict"].string } == ["accepted", "rejected", "accepted", "accepted", "accepted"])
            let gone = try await trader.send(.DELETE, "order", "symbol=BTCUSDT&origClientOrderId=same")
            #expect(gone.status == 400 && gone.body["code"].integer == -2011)
        }
    }

    @Test(
        "that break a rule are refused with Binance's code and message",
        arguments: [
            ("type=LIMIT&timeInForce=GTC&quantity=1&price=0.001", -1013, "Filter failure: PRICE_FILTER"),
            ("type=LIMIT&timeInForce=GTC&quantity=1&price=50000.001", -1013, "Filter failure: PRICE_FILTER"),
            ("type=LIMIT&timeInForce=GTC&quantity=1&price=200000000", -1013, "Filter failure: PRICE_FILTER"),
            ("type=LIMIT&timeInForce=GTC&quantity=0.000001&price=50000", -1013, "Filter failure: LOT_SIZE"),
            ("type=MARKET&quantity=0.000015", -1013, "Filter failure: LOT_SIZE"),
            ("type=MARKET&quantity=90000001", -1013, "Filter failure: MARKET_LOT_SIZE"),
            ("type=MARKET&quantity=0.00001", -1013, "Filter failure: MIN_NOTIONAL"),
            ("type=LIMIT&timeInForce=GTC&quantity=0.0001&price=40000", -1013, "Filter failure: MIN_NOTIONAL"),
            ("type=LIMIT&timeInForce=GTC&quantity=10000&price=1000", -1013, "Filter failure: NOTIONAL"),
            ("type=MARKET&quantity=1000", -2010, "Account has insufficient balance for requested action."),
            ("type=MARKET&quantity=0.0000000001", -1111, "Parameter 'quantity' has too much precision."),
            ("type=MARKET&quantity=0", -1013, "Invalid quantity."),
            ("type=MARKET&quantity=1e3", -1100, nil), ("type=MARKET&quantity=-1", -1100, nil),
            ("type=MARKET", -1102, nil), ("type=MARKET&quantity=1&price=5", -1106, nil),
            ("type=MARKET&quantity=1&quoteOrderQty=5", -1128, nil), ("type=LIMIT&quantity=1&price=5", -1102, nil),
            ("type=LIMIT&timeInForce=GTX&quantity=1&price=5", -1115, nil), ("type=SILLY&quantity=1", -1116, nil),
            ("type=STOP_LOSS&quantity=1", -2010, "Stop loss orders are not supported for this symbol."),
            ("type=MARKET&quantity=1&newClientOrderId=a%20b", -1100, nil),
            ("type=MARKET&quantity=1&nonsense=1", -1104, nil),
            ("type=MARKET&quantity=1&newClientOrderId=0123456789012345678901234567890123456", -1100, nil),
            ("type=MARKET&quantity=1&newOrderRespType=SOME", -1130, nil),
        ] as [(String, Int64, String?)]
    )
    func refusals(order: String, code: Int64, message: String?) async throws {
        try await withSimulator(.still) { simulator in
            let answer = try await simulator.trader.send(.POST, "order", "symbol=BTCUSDT&side=BUY&" + order)
            #expect(answer.status == 400 && answer.body["code"].integer == code, "\(answer.body)")
            if let message { #expect(answer.body["msg"].string == message) }
            // A test of the same order says the same, as far as the matching engine is not asked.
            let test = try await simulator.trader.send(.POST, "order/test", "symbol=BTCUSDT&side=BUY&" + order)
            #expect(test.body["code"].integer == code || message?.hasPrefix("Account has") == true, "\(test.body)")
            #expect(try await simulator.orderLog().map { $0["code"].integer } == [code])
            #expect(try await simulator.trader.send(.GET, "allOrders", "symbol=BTCUSDT").body.elements.isEmpty)
        }
    }

    @Test("are found by either id, listed by time and id, and not by others")
    func queries() async throws {
        try await withSimulator(.still) { simulator in
            let trader = simulator.trader
            for id in ["a", "b", "c"] {
                try await trader.buy("0.01", id: id)
                try await simulator.post("/sim/advance")
            }
            func ids(_ query: String) async throws -> [String?] {
                try await trader.send(.GET, "allOrders", "symbol=BTCUSDT\(query)").body.elements.map {
                    $0["clientOrderId"].string
                }
            }
            #expect(try await ids("") == ["a", "b", "c"])
            #expect(try await ids("&limit=2") == ["b", "c"])
            #expect(try await ids("&orderId=2") == ["b", "c"])
            #expect(try await ids("&orderId=1&limit=2") == ["a", "b"])
            #expect(try await ids("&startTime=1749988801000") == ["b", "c"])
            #expect(try await ids("&endTime=1749988800000") == ["a"])
            let both = try await trader.send(.GET, "order", "symbol=BTCUSDT&orderId=2&origClientOrderId=b")
            #expect(both.body["clientOrderId"].string == "b")
            for query in ["orderId=2&origClientOrderId=c", "orderId=9", "origClientOrderId=nobody"] {
                let answer = try await trader.send(.GET, "order", "symbol=BTCUSDT&" + query)
                #expect(answer.status == 400 && answer.body["code"].integer == -2013)
            }
            #expect(try await trader.send(.GET, "order", "symbol=BTCUSDT").body["code"].integer == -1102)
            let trades = try await trader.send(.GET, "myTrades", "symbol=BTCUSDT&orderId=2").body.elements
            #expect(trades.map { $0["orderId"].integer } == [2])
            let since = try await trader.send(.GET, "myTrades", "symbol=BTCUSDT&fromId=2").body.elements
            #expect(since.map { $0["id"].integer } == [2, 3])
            try await simulator.post("/sim/accounts", #"{"api_key": "other", "api_secret": "x"}"#)
            let other = Trader(simulator: simulator, key: "other", secret: "x")
            #expect(try await other.send(.GET, "allOrders", "symbol=BTCUSDT").body.elements.isEmpty)
            #expect(try await other.order("a").body["code"].integer == -2013)
        }
    }

    @Test("without a fill are counted; too many of them are refused until the interval is over")
    func unfilledOrders() async throws {
        try await withSimulator(.still) { simulator in
            let trader = simulator.trader
            let filled = try await trader.buy("0.01")
            #expect(filled.header("X-MBX-ORDER-COUNT-10S") == "0")
            // All at once, over one connection: the interval may end meanwhile, but twice as many are too many for sure.
            var order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=10000&timestamp="
            order += "\(try await simulator.get("/api/v3/time").body["serverTime"].integer ?? 0)"
            order += "&signature=\(Trader.sign(order, secret: trader.secret))"
            let request = "POST /api/v3/order?\(order) HTTP/1.1\r\nHost: x\r\nX-MBX-APIKEY: \(trader.key)\r\n"
            let requests = String(repeating: request + "\r\n", count: 200) + request + "Connection: close\r\n\r\n"
            let text = try await RobustnessTests.exchange(Array(requests.utf8), port: simulator.port)
            let answers = text.split(separator: "HTTP/1.1 ")
            let statuses = answers.compactMap { Int($0.prefix(3)) }
            #expect(statuses.count == 201 && statuses.prefix(100).allSatisfy { $0 == 200 })
            #expect(Set(statuses) == [200, 429])
            let refusal = try #require(answers.first { $0.hasPrefix("429") })
            let wait = refusal.firstMatch(of: /Retry-After: ([0-9]+)/).flatMap { Int($0.1) }
            #expect(refusal.contains("-1015") && (1...10).contains(wait ?? 0))
        }
    }
}
