import Testing

@testable import Nemesis

@Suite("A trap for one order")
struct OrderTrapTests {
    private final class Connection {}

    private static let order = "tn-abcdefghijklmnopqrstuvwxyz"

    @Test("springs at the statement it waits for, on whichever connection, each statement counted once")
    func counts() {
        let (first, second) = (Connection(), Connection())
        var trap = OrderTrap(.answer, ofStatement: 3)
        func sent(_ text: String, on connection: Connection) -> Bool {
            trap.sent(text.utf8, on: ObjectIdentifier(connection))
        }
        // Of other orders, and of none.
        #expect(!sent("tn-zzzzzzzzzzzzzzzzzzzzzzzzzz known?", on: first))
        trap.answered(on: ObjectIdentifier(first))
        #expect(!sent("heartbeat", on: second))
        #expect(trap.orderID == nil)
        // In pieces.
        #expect(!sent("commit \(Self.order.prefix(10))", on: first))
        #expect(!sent("\(Self.order.dropFirst(10)) inten", on: first))
        #expect(trap.orderID == nil)
        #expect(!sent("ded \(Self.order)", on: first))
        #expect(trap.orderID == Self.order)
        #expect(!sent("more of it, \(Self.order)", on: first))
        trap.answered(on: ObjectIdentifier(first))
        #expect(!sent("sendable \(Self.order)", on: second))
        #expect(sent("book \(Self.order)", on: first))
        #expect(!sent("again \(Self.order)", on: second))
    }
}
