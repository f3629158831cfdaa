import FoundationEssentials
import Testing
import Trading

@testable import Exchanges

/// Binance's documents as its documentation shows them, and what they must not be.
@Suite struct BinanceDocumentTests {
    // MARK: Klines

    private static let klines = """
        [[1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100","148976.11427815",1499644799999,"2434.19055334",\
        308,"1756.87402397","28.46694368","0"],
        [1499644800000,"0.01577100","0.01580000","0.01570000","0.01571200","84.00000000",1500249599999,"1.31",5,"1","2","0"]]
        """

    @Test func `klines are read exactly`() throws {
        let rows = try KlineDocument(Data(Self.klines.utf8), from: Timestamp(milliseconds: 1_499_040_000_000)).rows
        #expect(rows.count == 2)
        #expect(
            rows[0].candle
                == Candle(
                    openTime: Timestamp(milliseconds: 1_499_040_000_000),
                    open: "0.01634790",
                    high: "0.8",
                    low: "0.015758",
                    close: "0.015771",
                    volume: "148976.11427815"
                )
        )
        #expect(rows[0].closeTime == Timestamp(milliseconds: 1_499_644_799_999))
    }

    @Test func `no klines are klines`() throws {
        #expect(try KlineDocument(Data("[]".utf8), from: Timestamp(milliseconds: 0)).rows.isEmpty)
    }

    @Test(arguments: [
        "", "null", "{}", "<html>Bad gateway</html>", "[1]", "[[]]", "[[1499040000000]]", #"["a"]"#,
        // numbers where strings belong: binary floating point is not exact
        #"[[1499040000000,0.0163,"1","1","1","1",1499644799999]]"#,
        // no decimal numbers, or more digits than can be exact
        #"[[1499040000000,"abc","1","1","1","1",1499644799999]]"#,
        #"[[1499040000000,"1e3","1","1","1","1",1499644799999]]"#,
        #"[[1499040000000,"0.000000001","1","1","1","1",1499644799999]]"#,
        #"[[1499040000000,"1","1","1","1","99999999999999999999999999",1499644799999]]"#,
        // times
        #"[["x","1","1","1","1","1",1499644799999]]"#,
        #"[[1499040000000,"1","1","1","1","1",1499039999999]]"#,
        #"[[99999999999999999999,"1","1","1","1","1",1499644799999]]"#,
        // cut off
        #"[[1499040000000,"1","1","1","1","1",14996447"#,
    ])
    func `malformed klines are refused`(text: String) {
        #expect(
            Self.code { () throws(ExchangeError) in
                _ = try KlineDocument(Data(text.utf8), from: Timestamp(milliseconds: 0))
            } == .malformed
        )
    }

    @Test func `klines older than asked for, or out of order, are refused`() {
        #expect(
            Self.code { () throws(ExchangeError) in
                _ = try KlineDocument(Data(Self.klines.utf8), from: Timestamp(milliseconds: 1_499_040_000_001))
            } == .malformed
        )
        let twice = #"[[5,"1","1","1","1","1",9],[5,"1","1","1","1","1",9]]"#
        #expect(
            Self.code { () throws(ExchangeError) in
                _ = try KlineDocument(Data(twice.utf8), from: Timestamp(milliseconds: 0))
            } == .malformed
        )
    }

    // MARK: Server time

    @Test func `the server's time is read`() throws {
        let document = try ServerTimeDocument(Data(#"{"serverTime":1499827319559}"#.utf8))
        #expect(document.serverTime == Timestamp(milliseconds: 1_499_827_319_559))
    }

    @Test(arguments: ["", "{}", #"{"serverTime":"soon"}"#, "[1499827319559]"])
    func `a malformed time is refused`(text: String) {
        #expect(Self.code { () throws(ExchangeError) in _ = try ServerTimeDocument(Data(text.utf8)) } == .malformed)
    }

    // MARK: Exchange info

    private static func exchangeInfo(status: String = "TRADING", filters: String) -> Data {
        Data(
            """
            {"timezone":"UTC","serverTime":1565246363776,"rateLimits":[\
            {"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000},\
            {"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":100},\
            {"rateLimitType":"RAW_REQUESTS","interval":"MINUTE","intervalNum":5,"limit":61000}],"exchangeFilters":[],\
            "symbols":[{"symbol":"ETHBTC","status":"\(status)","baseAsset":"ETH","baseAssetPrecision":8,"quoteAsset":"BTC",\
            "quotePrecision":8,"quoteAssetPrecision":8,"orderTypes":["LIMIT","MARKET"],"icebergAllowed":true,\
            "isSpotTradingAllowed":true,"filters":[\(filters)],"permissions":[],"permissionSets":[["SPOT","MARGIN"]],\
            "defaultSelfTradePreventionMode":"NONE"}]}
            """.utf8
        )
    }

    private static let filters = """
        {"filterType":"PRICE_FILTER","minPrice":"0.00001000","maxPrice":"922327.00000000","tickSize":"0.00001000"},\
        {"filterType":"LOT_SIZE","minQty":"0.00010000","maxQty":"100000.00000000","stepSize":"0.00010000"},\
        {"filterType":"ICEBERG_PARTS","limit":10},\
        {"filterType":"MARKET_LOT_SIZE","minQty":"0.00000000","maxQty":"2788.95230416","stepSize":"0.00000000"},\
        {"filterType":"TRAILING_DELTA","minTrailingAboveDelta":10,"maxTrailingAboveDelta":2000},\
        {"filterType":"NOTIONAL","minNotional":"0.00010000","applyMinToMarket":true,"maxNotional":"9000000.00000000",\
        "applyMaxToMarket":false,"avgPriceMins":5},{"filterType":"MAX_NUM_ORDERS","maxNumOrders":200}
        """

    @Test func `a market and its rules are read`() throws {
        let document = try ExchangeInfoDocument(Self.exchangeInfo(filters: Self.filters))
        #expect(document.weightPerMinute == 6_000)
        #expect(
            try document.market("ETHBTC")
                == Market(
                    symbol: "ETHBTC",
                    baseAsset: "ETH",
                    quoteAsset: "BTC",
                    tickSize: "0.00001",
                    lotSize: Market.LotSize(minimum: "0.0001", maximum: "100000", step: "0.0001"),
                    marketLotSize: Market.LotSize(minimum: .zero, maximum: "2788.95230416", step: .zero),
                    minimumNotional: "0.0001",
                    filters: ExchangeFilters(
                        price: ExchangeFilters.Range(minimum: "0.00001", maximum: "922327", step: "0.00001"),
                        lotSize: ExchangeFilters.Range(minimum: "0.0001", maximum: "100000", step: "0.0001"),
                        marketLotSize: ExchangeFilters.Range(minimum: .zero, maximum: "2788.95230416", step: .zero),
                        notional: ExchangeFilters.Notional(
                            minimum: "0.0001",
                            maximum: "9000000",
                            minimumAppliesToMarket: true
                        )
                    )
                )
        )
    }

    @Test func `the older filter for the least amount is understood`() throws {
        let filters = """
            {"filterType":"LOT_SIZE","minQty":"1","maxQty":"10","stepSize":"1"},\
            {"filterType":"MIN_NOTIONAL","minNotional":"5.00000000","applyToMarket":true,"avgPriceMins":5}
            """
        let market = try ExchangeInfoDocument(Self.exchangeInfo(filters: filters)).market("ETHBTC")
        #expect(market.minimumNotional == "5")
        #expect(market.marketLotSize == nil)
        #expect(market.filters.minimumNotional == .init(minimum: "5", minimumAppliesToMarket: true))
    }

    @Test func `a market that is not listed or does not trade is unknown`() throws {
        let listed = try ExchangeInfoDocument(Self.exchangeInfo(filters: Self.filters))
        #expect(Self.code { () throws(ExchangeError) in _ = try listed.market("BTCUSDT") } == .unknownSymbol)
        let halted = try ExchangeInfoDocument(Self.exchangeInfo(status: "BREAK", filters: Self.filters))
        #expect(Self.code { () throws(ExchangeError) in _ = try halted.market("ETHBTC") } == .unknownSymbol)
    }

    @Test func `a market that cannot be read hides none of the others`() throws {
        func document(_ symbol: String) throws -> ExchangeInfoDocument {
            let other = #"{"symbol":"\#(symbol)","status":"TRADING","baseAsset":"A","quoteAsset":"B","filters":[]}"#
            let text = String(decoding: Self.exchangeInfo(filters: Self.filters), as: UTF8.self)
            return try ExchangeInfoDocument(
                Data(text.replacing(#""symbols":["#, with: #""symbols":[\#(other),"#).utf8)
            )
        }
        // Binance lists some under names that are no ASCII.
        #expect(Set(try document("币安人生USDT").markets.keys) == ["ETHBTC"])
        #expect(Set(try document("NORULES").markets.keys) == ["ETHBTC"])
        let unreadable = try document("币安人生USDT")
        #expect(Self.code { () throws(ExchangeError) in _ = try unreadable.market("BTCUSDT") } == .malformed)
    }

    @Test func `a market without lot sizes is malformed`() throws {
        let document = try ExchangeInfoDocument(
            Self.exchangeInfo(filters: #"{"filterType":"ICEBERG_PARTS","limit":10}"#)
        )
        #expect(Self.code { () throws(ExchangeError) in _ = try document.market("ETHBTC") } == .malformed)
    }

    // MARK: Errors

    @Test(arguments: [
        (-1121, 400, ExchangeError.Code.unknownSymbol), (-1003, 400, .rateLimited), (-1120, 400, .invalidRequest),
        (-1102, 400, .invalidRequest), (-1000, 400, .unreachable), (-1007, 408, .unreachable), (-2013, 400, .rejected),
        (-1021, 400, .outsideWindow),
    ])
    func `error codes mean what the exchange says they mean`(code: Int, status: Int, expected: ExchangeError.Code)
        throws
    {
        let text = #"{"code":\#(code),"msg":"Something."}"#
        let document = try JSONDecoder().decode(BinanceErrorDocument.self, from: Data(text.utf8))
        #expect(document.errorCode == expected)
        // A strategy waits for what passes by itself, and fails for what does not.
        let passes: Set<ExchangeError.Code> = [.rateLimited, .unreachable, .outsideWindow]
        #expect(ExchangeError(expected, "").isTransient == passes.contains(expected))
    }

    // MARK: Streams

    private static let kline = """
        {"e":"kline","E":1672515782136,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,"s":"BNBBTC","i":"1m","f":100,\
        "L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","n":100,"x":false,"q":"1.0000","V":"500",\
        "Q":"0.500","B":"123456"}}
        """

    private static let expectedKline = StreamedCandle(
        candle: Candle(
            openTime: Timestamp(milliseconds: 1_672_515_780_000),
            open: "0.001",
            high: "0.0025",
            low: "0.0015",
            close: "0.002",
            volume: "1000"
        ),
        isClosed: false,
        eventTime: Timestamp(milliseconds: 1_672_515_782_136)
    )

    @Test func `candles on a stream are read, wrapped or bare`() throws {
        let expected = StreamMessage.candle(stream: "bnbbtc@kline_1m", Self.expectedKline)
        #expect(try StreamMessage(Data(Self.kline.utf8)) == expected)
        #expect(try StreamMessage(Data(#"{"stream":"bnbbtc@kline_1m","data":\#(Self.kline)}"#.utf8)) == expected)
        #expect(StreamMessage.name("BNBBTC", .oneMinute) == "bnbbtc@kline_1m")
    }

    @Test(arguments: [
        (#"{"result":null,"id":3}"#, StreamMessage.acknowledged(request: 3)),
        (
            #"{"error":{"code":2,"msg":"Invalid request: too many parameters"},"id":4}"#,
            .refused(request: 4, reason: "Invalid request: too many parameters (2)")
        ),
        (#"{"error":{"code":3,"msg":"Invalid JSON"},"id":null}"#, .refused(request: nil, reason: "Invalid JSON (3)")),
        (#"{"code":3,"msg":"Invalid JSON"}"#, .refused(request: nil, reason: "Invalid JSON (3)")),
        (#"{"e":"serverShutdown","E":1770123456789}"#, .serverShutdown),
        (#"{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}"#, .serverShutdown),
        (#"{"event":{"e":"serverShutdown","E":1770123456789}}"#, .serverShutdown),
        (#"{"stream":"bnbbtc@trade","data":{"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"k":"x"}}"#, .other),
    ])
    func `what else comes on a stream is told apart`(text: String, expected: StreamMessage) throws {
        #expect(try StreamMessage(Data(text.utf8)) == expected)
    }

    @Test(arguments: [
        "", "hello", "[]", "7", #"{"e":"kline"}"#, #"{"e":"kline","E":1}"#, #"{"e":"kline","E":1,"k":{}}"#,
        #"{"stream":"a","data":{"e":"kline","E":"late","k":null}}"#,
        kline.replacing(#""o":"0.0010""#, with: #""o":0.0010"#),
        kline.replacing(#""T":1672515839999"#, with: #""T":1"#),
        kline.replacing(#""x":false"#, with: #""x":"no""#),
    ])
    func `malformed messages on a stream are refused`(text: String) {
        #expect(Self.code { () throws(ExchangeError) in _ = try StreamMessage(Data(text.utf8)) } == .malformed)
    }

    @Test func `a subscription is written as the exchange wants it`() {
        let request = StreamRequest(id: 7, method: .subscribe, streams: ["btcusdt@kline_1m", "ethusdt@kline_1s"])
        #expect(request.text == #"{"method":"SUBSCRIBE","params":["btcusdt@kline_1m","ethusdt@kline_1s"],"id":7}"#)
    }

    // MARK: Endpoints

    @Test(arguments: [
        ("wss://stream.binance.com:9443", "stream.binance.com", 9443, "/stream", true),
        ("ws://127.0.0.1:9100", "127.0.0.1", 9100, "/stream", false),
        ("wss://example.com/proxy/", "example.com", 443, "/proxy/stream", true),
        ("ws://[::1]:9100", "::1", 9100, "/stream", false),
    ])
    func `stream URLs are taken apart`(url: String, host: String, port: Int, path: String, isSecure: Bool) throws {
        let endpoint = try StreamEndpoint(url: url, path: "/stream")
        #expect(endpoint.host == host)
        #expect(endpoint.port == port)
        #expect(endpoint.path == path)
        #expect((endpoint.tls != nil) == isSecure)
    }

    @Test(arguments: ["", "stream.binance.com", "https://stream.binance.com", "ws://"])
    func `what is no stream URL is refused`(url: String) {
        #expect(
            Self.code { () throws(ExchangeError) in _ = try StreamEndpoint(url: url, path: "/stream") }
                == .invalidRequest
        )
    }

    private static func code(_ body: () throws(ExchangeError) -> Void) -> ExchangeError.Code? {
        do {
            try body()
            return nil
        } catch {
            return error.code
        }
    }
}
