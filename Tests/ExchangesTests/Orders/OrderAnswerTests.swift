import FoundationEssentials
import TestSupport
import Testing
import Trading

@testable import Exchanges

@Suite struct OrderAnswerTests {
    /// Binance's own example.
    private static let full = """
        {"symbol":"BTCUSDT","orderId":28,"orderListId":-1,"clientOrderId":"6gCrw2kRUAF9CvJDGP16IP","transactTime":1507725176595,\
        "price":"0.00000000","origQty":"10.00000000","executedQty":"10.00000000","origQuoteOrderQty":"0.000000",\
        "cummulativeQuoteQty":"10.00000000","status":"FILLED","timeInForce":"GTC","type":"MARKET","side":"SELL",\
        "workingTime":1507725176595,"selfTradePreventionMode":"NONE","fills":[{"price":"4000.00000000","qty":"1.00000000",\
        "commission":"4.00000000","commissionAsset":"USDT","tradeId":56},{"price":"3999.00000000","qty":"9.00000000",\
        "commission":"19.99500000","commissionAsset":"BNB","tradeId":57}]}
        """

    private static func outcome(_ status: Int, _ body: String) -> OrderOutcome {
        OrderAnswer.response(status: status, body: Data(body.utf8)).outcome(of: .example)
    }

    @Test func `an accepted order is read with its fills`() throws {
        guard case .accepted(let order) = Self.outcome(200, Self.full) else {
            Issue.record("it was not accepted")
            return
        }
        #expect(order.id == 28 && order.status == .filled && order.executed == "10" && order.side == .sell)
        #expect(order.trades.map(\.id) == [56, 57] && order.trades.map(\.commissionAsset) == ["USDT", "BNB"])
        #expect(order.trades.map(\.price) == ["4000", "3999"])
        // The same answer about another order is none.
        let other = Self.full.replacing("6gCrw2kRUAF9CvJDGP16IP", with: "another")
        guard case .unknown = Self.outcome(200, other) else {
            Issue.record("another order's answer was taken")
            return
        }
    }

    @Test(
        arguments: [
            (400, -1013, "Filter failure: LOT_SIZE", .filter),
            (400, -2010, "Account has insufficient balance for requested action.", .insufficientBalance),
            (400, -2010, "Market is closed.", .marketClosed), (400, -2010, "Something new.", .other),
            (400, -1021, "Timestamp for this request is outside of the recvWindow.", .outsideWindow),
            (400, -1022, "Signature for this request is not valid.", .unauthorized),
            (401, -2015, "Invalid API-key, IP, or permissions for action.", .unauthorized),
            (400, -1121, "Invalid symbol.", .unknownSymbol), (400, -1102, "Mandatory parameter", .invalid),
            (429, -1003, "Too many requests queued.", .rateLimited), (418, -1003, "banned", .rateLimited),
            (429, -1015, "Too many new orders.", .rateLimited),
        ] as [(Int, Int, String, OrderRejection.Reason)]
    )
    func `what the exchange refuses is refused for certain`(
        status: Int,
        code: Int,
        message: String,
        reason: OrderRejection.Reason
    ) {
        let outcome = Self.outcome(status, #"{"code":\#(code),"msg":"\#(message)"}"#)
        #expect(outcome == .rejected(OrderRejection(reason: reason, code: code, message: message)))
    }

    @Test func `a duplicate is known as one`() {
        #expect(Self.outcome(400, #"{"code":-2010,"msg":"Duplicate order sent."}"#) == .duplicate)
        #expect(
            OrderAnswer.response(status: 400, body: Data(#"{"code":-2011,"msg":"Unknown order sent."}"#.utf8))
                .cancelOutcome(of: "x") == .notOpen
        )
    }

    @Test(
        arguments: [
            (400, #"{"code":-1006,"msg":"Execution status unknown."}"#), (400, #"{"code":-1007,"msg":"Timeout"}"#),
            (400, #"{"code":-1000,"msg":"unknown"}"#), (408, #"{"code":-1013,"msg":"Filter failure"}"#),
            (500, #"{"code":-1013,"msg":"Filter failure"}"#), (503, "<html>"), (504, ""), (200, ""), (200, "{}"),
            (200, "<html>"), (400, "<html>"), (404, ""), (301, ""), (202, Self.full),
            (409, #"{"code":-2021,"msg":"half"}"#),
        ] as [(Int, String)]
    )
    func `whatever is not certain is unknown`(status: Int, body: String) {
        guard case .unknown = Self.outcome(status, body) else {
            Issue.record("\(status) \(body) was taken for certain: \(Self.outcome(status, body))")
            return
        }
    }

    @Test func `a request that had no connection was not sent; one without an answer is unknown`() {
        #expect(OrderAnswer.notSent(reason: "no").outcome(of: .example) == .notSent(reason: "no"))
        #expect(OrderAnswer.nothing(reason: "no").outcome(of: .example) == .unknown(reason: "no"))
    }

    /// Answers that were cut, or in which a byte was changed, are never taken for a refusal, and for an acceptance only with the
    /// id and symbol in place.
    @Test(arguments: 0..<40) func `broken answers are never certain refusals`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        for _ in 0..<200 {
            var bytes = Array(Self.full.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random)) }
            let status = Bool.random(using: &random) ? 200 : Int.random(in: 500..<600, using: &random)
            switch OrderAnswer.response(status: status, body: Data(bytes)).outcome(of: .example) {
            case .accepted(let order):
                #expect(status == 200 && order.clientOrderID == OrderRequest.example.clientOrderID, "seed \(seed)")
                #expect(order.symbol == OrderRequest.example.symbol, "seed \(seed)")
            case .unknown: break
            case .rejected, .duplicate, .notSent:
                Issue.record("seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
            }
        }
    }

    @Test func `reports of the account are read`() throws {
        let report = """
            {"subscriptionId":0,"event":{"e":"executionReport","E":1499405658658,"s":"ETHBTC","c":"bye","S":"BUY","o":"LIMIT",\
            "f":"GTC","q":"1.00000000","p":"0.10264410","P":"0.00000000","F":"0.00000000","g":-1,"C":"mUvoqJxFIILMdfAW5iGSOW",\
            "x":"CANCELED","X":"CANCELED","r":"NONE","i":4293153,"l":"0.00000000","z":"0.40000000","L":"0.00000000","n":"0",\
            "N":null,"T":1499405658657,"t":-1,"I":8641984,"w":false,"m":false,"M":false,"O":1499405658657,"Z":"0.04000000",\
            "Y":"0.00000000","Q":"0.00000000","W":1499405658657,"V":"NONE"}}
            """
        guard case .account(.order(let canceled)) = try StreamMessage(Data(report.utf8)) else {
            Issue.record("not an order's report")
            return
        }
        #expect(canceled.order.clientOrderID == "mUvoqJxFIILMdfAW5iGSOW" && canceled.order.status == .canceled)
        #expect(canceled.order.executed == "0.4" && canceled.order.trades.isEmpty)
        let trade =
            report.replacing(#""x":"CANCELED""#, with: #""x":"TRADE""#).replacing(
                #""C":"mUvoqJxFIILMdfAW5iGSOW""#,
                with: #""C":"""#
            )
            .replacing(#""t":-1"#, with: #""t":77"#).replacing(#""N":null"#, with: #""N":"BNB""#)
        guard case .account(.order(let filled)) = try StreamMessage(Data(trade.utf8)) else {
            Issue.record("not an order's report")
            return
        }
        #expect(filled.order.clientOrderID == "bye" && filled.order.trades.map(\.id) == [77])
        #expect(filled.order.trades.map(\.commissionAsset) == ["BNB"])
        let position = """
            {"subscriptionId":0,"event":{"e":"outboundAccountPosition","E":1564034571105,"u":1564034571073,\
            "B":[{"a":"ETH","f":"10000.000000","l":"1.500000"}]}}
            """
        let balances = AccountEvent.balances(
            ["ETH": AssetBalance(free: "10000", locked: "1.5")],
            time: Timestamp(milliseconds: 1_564_034_571_105)
        )
        #expect(try StreamMessage(Data(position.utf8)) == .account(balances))
        let ended = #"{"subscriptionId":0,"event":{"e":"eventStreamTerminated","E":1728973001334}}"#
        #expect(try StreamMessage(Data(ended.utf8)) == .ended)
    }
}
