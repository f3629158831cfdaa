import Testing

@testable import Nemesis

@Suite("A trap for one order")
struct OrderTrapTests {
    private static let order = "tn-abcdefghijklmnopqrstuvwxyz"

    /// As an element of an array of texts.
    private static func status(_ text: String) -> [UInt8] { [0, 0, 0, UInt8(text.utf8.count)] + Array(text.utf8) }

    private static func statement(_ text: String, _ status: String? = nil) -> [UInt8] {
        Array(text.utf8) + (status.map(Self.status) ?? [])
    }

    @Test("springs at the statement it waits for, on whichever connection, and once")
    func springs() {
        let (first, second) = (ObjectIdentifier(Int.self), ObjectIdentifier(String.self))
        var traps = [
            OrderTrap(.answer, of: .decision), OrderTrap(.answer, of: .readBack), OrderTrap(.answer, of: .booking),
            OrderTrap(.answer, of: .readBack, about: "tn-zzzzzzzzzzzzzzzzzzzzzzzzzz"),
        ]
        func sent(_ bytes: [UInt8], on connection: ObjectIdentifier) -> [Int] {
            traps.indices.filter { traps[$0].sent(bytes, on: connection) }
        }
        func answered(on connection: ObjectIdentifier) {
            for index in traps.indices { traps[index].answered(on: connection) }
        }
        // Of other orders, and of none.
        #expect(sent(Self.statement("tn-zzzzzzzzzzzzzzzzzzzzzzzzzz known?"), on: first) == [3])
        answered(on: first)
        #expect(sent(Self.statement("heartbeat"), on: second).isEmpty)
        #expect(traps[0].orderID == nil)
        // In pieces, and with the status in the statement's own text.
        #expect(sent(Self.statement("commit 'intended' \(Self.order.prefix(10))"), on: first).isEmpty)
        #expect(sent(Self.statement("\(Self.order.dropFirst(10)) "), on: first).isEmpty)
        #expect(traps[0].orderID == nil)
        #expect(sent(Self.statement("", "intended"), on: first) == [0])
        #expect(traps[0].orderID == Self.order)
        #expect(sent(Self.statement("more of it, \(Self.order)", "intended"), on: first).isEmpty)
        answered(on: first)
        #expect(sent(Self.statement("'filled' or not: \(Self.order)"), on: second) == [1])
        #expect(sent(Self.statement("book \(Self.order)", "filled"), on: first) == [2])
        answered(on: first)
        #expect(sent(Self.statement("again \(Self.order)", "filled"), on: first).isEmpty)
    }
}
