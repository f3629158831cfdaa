import Store
import Testing
import Trading

@testable import HTTPAPI

@Suite("Cursors", .timeLimit(.minutes(5)))
struct CursorTests {
    @Test("a position survives the way through the client")
    func roundTrip() {
        #expect(Cursor(Cursor(.active, id: 42).text)?.id == 42)
        let order = ListedOrder.Position(createdAtMicroseconds: 1_743_510_600_123_456, clientOrderID: "t1-é_?/+")
        #expect(Cursor(Cursor(order).text)?.order == order)
        let fill = ListedFill.Position(time: Timestamp(milliseconds: 1_743_510_600_123), tradeID: "99")
        #expect(Cursor(Cursor(fill).text)?.fill == fill)
    }

    @Test("fit into a query as they are")
    func characters() {
        let text = Cursor(ListedOrder.Position(createdAtMicroseconds: 1, clientOrderID: "??>>~~ÿÿ")).text
        #expect(text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
    }

    @Test(
        "anything else is refused",
        arguments: ["", "x", "AAAA", "%%%", "YQ", "eDEyMw", String(repeating: "A", count: 600)]
    )
    func refused(text: String) {
        #expect(Cursor(text)?.id == nil)
    }

    @Test("moments that the database could not take are refused")
    func outOfRange() {
        for moment in [Int64.min, -1, Int64.max] {
            #expect(Cursor(Cursor(.orders, [String(moment), "id"]).text)?.order == nil)
        }
    }
}
