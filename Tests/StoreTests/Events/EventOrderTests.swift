import Store
import TestSupport
import Testing
import Trading

@Suite("The order of events")
struct EventOrderTests {
    @Test("what is there without a hole is handed on at once")
    func plain() {
        var order = EventOrder(position: 10)
        #expect(ids(order.next(in: tail([11, 12, 13]))) == [11, 12, 13])
        #expect(order.position == 13)
        #expect(order.next(in: tail([])).isEmpty)
    }

    @Test("nothing behind a hole is handed on while a transaction that may fill it is under way")
    func hole() {
        var order = EventOrder(position: 0)
        #expect(ids(order.next(in: tail([1, 3, 4], oldest: 50, next: 60))) == [1])
        #expect(order.next(in: tail([3, 4], oldest: 59, next: 70)).isEmpty)
        #expect(ids(order.next(in: tail([2, 3, 4], oldest: 59, next: 70))) == [2, 3, 4])
    }

    @Test("a hole that nobody will fill is passed over, but never at first sight")
    func deadHole() {
        var order = EventOrder(position: 0)
        #expect(order.next(in: tail([2], oldest: 60, next: 60)).isEmpty)
        #expect(ids(order.next(in: tail([2], oldest: 60, next: 61))) == [2])
    }

    @Test("a transaction that never ends holds the stream up for as long as the patience lasts")
    func endless() {
        var order = EventOrder(position: 0)
        #expect(order.next(in: tail([2, 3], oldest: 5, next: 60)).isEmpty)
        #expect(ids(order.next(in: tail([2, 3], old: [2, 3], oldest: 5, next: 90))) == [2, 3])
    }

    /// Writers take ids and numbers, and end in any order; a reader looks whenever it likes. Each event that was committed in
    /// time comes exactly once, in the order of ids.
    @Test("whatever the writers do, every event comes once and in order", arguments: 0..<200)
    func walk(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var running: [(number: Int64, id: Int64)] = []
        var visible: Set<Int64> = []
        var nextNumber: Int64 = 100
        var nextID: Int64 = 1
        var order = EventOrder(position: 0)
        var seen: [Int64] = []
        func look() {
            let found = visible.filter { $0 > order.position }.sorted().prefix(Int.random(in: 1...8, using: &generator))
            let oldest = running.map(\.number).min() ?? nextNumber
            seen += ids(order.next(in: tail(Array(found), oldest: oldest, next: nextNumber)))
        }
        for _ in 0..<400 {
            switch Int.random(in: 0..<6, using: &generator) {
            case 0, 1:
                running.append((nextNumber, nextID))
                nextNumber += 1
                nextID += 1
            case 2 where !running.isEmpty:
                visible.insert(running.remove(at: Int.random(in: running.indices, using: &generator)).id)
            case 3 where !running.isEmpty:
                running.remove(at: Int.random(in: running.indices, using: &generator))
            default: look()
            }
        }
        visible.formUnion(running.map(\.id))
        running = []
        while visible.contains(where: { $0 > order.position }) { look() }
        #expect(seen == visible.sorted())
    }

    private func tail(
        _ found: [Int64],
        old: Set<Int64> = [],
        oldest: Int64 = 100,
        next: Int64 = 100
    ) -> EventTail {
        EventTail(
            events: found.map { ListedEvent(id: $0, at: Timestamp(milliseconds: $0), kind: "test") },
            old: old,
            oldestRunning: oldest,
            nextTransaction: next
        )
    }

    private func ids(_ events: [ListedEvent]) -> [Int64] { events.map(\.id) }
}
