import FoundationEssentials
import TestSupport
import Testing
import Trading

@testable import Exchanges

/// Whatever the exchange, or somebody in its place, sends: it is read or refused, and nothing ends of it.
@Suite(.timeLimit(.minutes(60)))
struct MessageFuzzTests {
    private static let messages = [
        """
        [[1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100","148976.11427815",1499644799999,"2434.19055334",\
        308,"1756.87402397","28.46694368","0"]]
        """,
        #"{"serverTime":1499827319559}"#, #"{"code":-1121,"msg":"Invalid symbol."}"#,
        """
        {"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000}],"symbols":[{"symbol":\
        "BTCUSDT","status":"TRADING","baseAsset":"BTC","quoteAsset":"USDT","isSpotTradingAllowed":true,"orderTypes":["MARKET"],\
        "filters":[{"filterType":"LOT_SIZE","minQty":"0.00001000","maxQty":"9000.00000000","stepSize":"0.00001000"}]}]}
        """,
        """
        {"stream":"btcusdt@kline_1m","data":{"e":"kline","E":1672515782136,"s":"BTCUSDT","k":{"t":1672515780000,"T":1672515839999,\
        "s":"BTCUSDT","i":"1m","o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015","v":"1000","x":false}}}
        """,
        #"{"result":null,"id":7}"#, #"{"id":7,"status":400,"error":{"code":2,"msg":"Invalid request"}}"#,
        """
        {"e":"executionReport","E":1499405658658,"s":"ETHBTC","c":"mUvoqJxFIILMdfAW5iGSOW","S":"BUY","o":"LIMIT","f":"GTC",\
        "q":"1.00000000","p":"0.10264410","C":"","x":"TRADE","X":"FILLED","r":"NONE","i":4293153,"l":"1.00000000","z":\
        "1.00000000","L":"0.10264410","n":"0","N":null,"T":1499405658657,"t":7,"w":true,"m":false,"Z":"0.1","Y":"0.1","Q":"0"}
        """,
        """
        {"symbol":"BTCUSDT","orderId":28,"clientOrderId":"6gCrw2kRUAF9CvJDGP16IP","transactTime":1507725176595,"price":"0.0",\
        "origQty":"10.00000000","executedQty":"10.00000000","cummulativeQuoteQty":"10.00000000","status":"FILLED","side":"SELL",\
        "fills":[{"price":"4000.0","qty":"1.0","commission":"4.0","commissionAsset":"USDT","tradeId":56}]}
        """,
    ]

    @Test(arguments: [1, 2] as [UInt64])
    func `whatever arrives is read or refused`(seed: UInt64) {
        var (mutator, read) = (Mutator(Self.messages, seed: seed), 0)
        for _ in 0..<Mutator.cases(otherwise: 2_000) {
            let data = Data(mutator.next())
            if (try? StreamMessage(data)) != nil { read += 1 }
            if (try? KlineDocument(data, from: Timestamp(milliseconds: 0))) != nil { read += 1 }
            if (try? ServerTimeDocument(data)) != nil { read += 1 }
            if (try? ExchangeInfoDocument(data)) != nil { read += 1 }
            if (try? OrderDocument.order(data)) != nil { read += 1 }
            _ = try? OrderDocument.orders(data)
            for status in [200, 400, 503] {
                _ = OrderAnswer.response(status: status, body: data).outcome(of: .example)
            }
        }
        // Otherwise nothing was tried but the first lines.
        #expect(read > 100)
    }
}
