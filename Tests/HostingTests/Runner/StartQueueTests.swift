import Testing

@testable import Hosting

@Suite("The queue of starts", .timeLimit(.minutes(5)))
struct StartQueueTests {
    @Test("so many at a time; those with something at stake first, each kind in the order in which it came")
    func order() {
        var queue = StartQueue(limit: 2)
        for id in 1...2 { #expect(queue.enter(id, isExposed: false) == true) }
        for id in 3...4 { #expect(queue.enter(id, isExposed: false) == false) }
        for id in 5...6 { #expect(queue.enter(id, isExposed: true) == false) }
        #expect((0..<4).map { _ in queue.leave() } == [5, 6, 3, 4])
        #expect(queue.leave() == nil)
        #expect(queue.leave() == nil)
        for id in 7...8 { #expect(queue.enter(id, isExposed: false) == true) }
        #expect(queue.enter(9, isExposed: false) == false)
    }

    @Test("whoever goes away is passed over; whoever is inside already has to leave")
    func withdraw() {
        var queue = StartQueue(limit: 1)
        #expect(queue.enter(1, isExposed: false) == true)
        #expect(queue.enter(2, isExposed: true) == false)
        #expect(queue.enter(3, isExposed: false) == false)
        #expect(queue.withdraw(2) == true)
        #expect(queue.withdraw(2) == false)
        #expect(queue.withdraw(1) == false)
        #expect(queue.leave() == 3)
        #expect(queue.withdraw(3) == false)
        #expect(queue.leave() == nil)
    }

    @Test("a gate lets in whoever waits as others leave, and a place is given up once")
    func gate() async throws {
        let gate = StartGate(limit: 1)
        let first = try await gate.enter(isExposed: false)
        let cancelled = Task { try await gate.enter(isExposed: true) }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        async let second = gate.enter(isExposed: false)
        first.leave()
        first.leave()
        let place = try await second
        let third = Task { try await gate.enter(isExposed: false) }
        third.cancel()
        await #expect(throws: CancellationError.self) { try await third.value }
        place.leave()
        try await gate.enter(isExposed: false).leave()
    }
}
