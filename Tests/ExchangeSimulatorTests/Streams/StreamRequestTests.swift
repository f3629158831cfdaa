import FoundationEssentials
import Testing
import Trading

@testable import ExchangeSimulator

@Suite("What clients say on a stream connection")
struct StreamRequestTests {
    @Test("is understood")
    func isUnderstood() throws {
        let subscribe = try StreamRequest(
            #"{"method":"SUBSCRIBE","params":["btcusdt@kline_1m","ethbtc@trade"],"id":7}"#
        )
        #expect(subscribe.method == .subscribe([StreamName("btcusdt@kline_1m"), StreamName("ethbtc@trade")]))
        #expect(subscribe.id == .number(7))
        #expect(try StreamRequest(#"{"method":"LIST_SUBSCRIPTIONS","id":"some-id"}"#).id == .string("some-id"))
        #expect(try StreamRequest(#"{"method":"GET_PROPERTY","params":["combined"]}"#).id == .null)
        let property = try StreamRequest(#"{"method":"SET_PROPERTY","params":["combined",true],"id":null}"#)
        #expect(property.method == .setCombined(true))
    }

    @Test(
        "or refused in Binance's words, with the id where there is one",
        arguments: [
            ("", 3, "Invalid JSON", "null"), ("{", 3, "Invalid JSON", "null"), ("[]", 2, "expected an object", "null"),
            (#"{"id":1}"#, 2, "missing field `method`", "1"),
            (#"{"method":"JUMP","id":1}"#, 2, "unknown variant `JUMP`, expected one of `SUBSCRIBE`", "1"),
            (#"{"method":5,"id":1}"#, 2, "method must be a string", "1"),
            (#"{"method":"SUBSCRIBE","id":1}"#, 2, "missing field `params`", "1"),
            (#"{"method":"SUBSCRIBE","params":[1],"id":1}"#, 2, "invalid stream", "1"),
            (#"{"method":"SUBSCRIBE","params":[],"id":-1}"#, 2, "request ID must be an unsigned integer", "null"),
            (#"{"method":"SET_PROPERTY","params":["combine",true],"id":1}"#, 0, "Unknown property", "1"),
            (#"{"method":"SET_PROPERTY","params":["combined",1],"id":1}"#, 1, "expected Boolean", "1"),
        ]
    )
    func isRefused(text: String, code: Int, complaint: String, id: String) {
        let refusal = #expect(throws: StreamRequest.Refusal.self) { try StreamRequest(text) }
        #expect(refusal?.code == code && refusal?.message.contains(complaint) == true && refusal?.id.text == id)
    }

    @Test("Stream names are told apart; what is not told here may be named all the same")
    func streamNames() {
        #expect(StreamName("btcusdt@kline_1m").content == .klines("BTCUSDT", .oneMinute))
        #expect(StreamName("sim0001usdt@kline_1s").content == .klines("SIM0001USDT", .oneSecond))
        #expect(StreamName("ethbtc@trade").content == .trades("ETHBTC"))
        #expect(StreamName("ethbtc@miniTicker").content == .miniTicker("ETHBTC"))
        for text in ["BTCUSDT@kline_1m", "btcusdt@kline_7m", "btcusdt", "@kline_1m", "btcusdt@", "!ticker@arr", ""] {
            #expect(StreamName(text).content == .nothing, "\(text)")
        }
    }

    @Test("Paths name streams, singly or combined")
    func targets() throws {
        let two = [StreamName("btcusdt@trade"), StreamName("ethusdt@trade")]
        #expect(StreamTarget(path: "/ws", query: "")?.streams == [])
        #expect(StreamTarget(path: "/ws/btcusdt@trade", query: "")?.streams == [two[0]])
        #expect(StreamTarget(path: "/ws/btcusdt%40trade/ethusdt@trade", query: "")?.streams == two)
        #expect(StreamTarget(path: "/ws/btcusdt@trade", query: "")?.isCombined == false)
        let combined = try #require(StreamTarget(path: "/stream", query: "x=1&streams=btcusdt@trade/ethusdt@trade"))
        #expect(combined.streams == two && combined.isCombined)
        #expect(StreamTarget(path: "/stream", query: "")?.streams == [])
        #expect(StreamTarget(path: "/wss", query: "") == nil)
        #expect(StreamTarget(path: "/", query: "") == nil)
    }
}
