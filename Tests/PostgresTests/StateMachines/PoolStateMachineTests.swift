import TestSupport
import Testing

@testable import Postgres

@Suite struct PoolStateMachineTests {
    private typealias Machine = PoolStateMachine
    private typealias Grant = PoolStateMachine.Grant

    private let start = ContinuousClock.now

    private func machine(size: Int, depth: Int = 4, connected: [UInt64]) -> Machine {
        var machine = Machine(size: size, depth: depth)
        for id in connected { #expect(machine.connected(id, now: start) == []) }
        return machine
    }

    @Test func `statements spread over the least busy connections`() {
        var machine = machine(size: 2, connected: [1, 2])
        #expect(machine.acquireSharedNow(now: start) == 1)
        #expect(machine.acquireSharedNow(now: start) == 2)
        #expect(machine.release(1, .shared, now: start) == [])
        #expect(machine.acquireSharedNow(now: start) == 1)
    }

    @Test func `a connection that makes no progress is avoided`() {
        var machine = machine(size: 2, connected: [1, 2])
        #expect(machine.acquireSharedNow(now: start) == 1)
        let later = start + .milliseconds(50)
        for _ in 0..<3 { #expect(machine.acquireSharedNow(now: later) == 2) }
    }

    @Test func `who does not fit waits in line`() {
        var machine = machine(size: 1, depth: 1, connected: [1])
        #expect(machine.acquire(10, .shared, now: start) == [Grant(waiter: 10, connection: 1)])
        #expect(machine.acquire(11, .shared, now: start) == [])
        #expect(machine.acquire(12, .shared, now: start) == [])
        #expect(machine.acquireSharedNow(now: start) == nil)
        #expect(machine.release(1, .shared, now: start) == [Grant(waiter: 11, connection: 1)])
        #expect(machine.release(1, .shared, now: start) == [Grant(waiter: 12, connection: 1)])
    }

    @Test func `exclusive use waits until what is under way is done, and nothing new joins`() {
        var machine = machine(size: 1, connected: [1])
        #expect(machine.acquireSharedNow(now: start) == 1)
        #expect(machine.acquire(10, .exclusive, now: start) == [])
        #expect(machine.acquireSharedNow(now: start) == nil)
        #expect(machine.acquire(11, .shared, now: start) == [])
        #expect(machine.release(1, .shared, now: start) == [Grant(waiter: 10, connection: 1)])
        #expect(machine.release(1, .exclusive, now: start) == [Grant(waiter: 11, connection: 1)])
    }

    @Test func `one connection of several is always left for single statements`() {
        var machine = machine(size: 3, connected: [1, 2, 3])
        #expect(machine.acquire(10, .exclusive, now: start).count == 1)
        #expect(machine.acquire(11, .exclusive, now: start).count == 1)
        #expect(machine.acquire(12, .exclusive, now: start) == [])
        #expect(machine.acquireSharedNow(now: start) == nil)
        #expect(machine.acquire(13, .shared, now: start).count == 1)
    }

    @Test func `whoever a lost connection was reserved for is first in line again`() {
        var machine = machine(size: 2, connected: [1])
        #expect(machine.acquireSharedNow(now: start) == 1)
        #expect(machine.acquire(10, .exclusive, now: start) == [])
        #expect(machine.acquire(11, .exclusive, now: start) == [])
        #expect(machine.removed(1, now: start) == [])
        #expect(machine.connected(2, now: start) == [Grant(waiter: 10, connection: 2)])
        #expect(machine.release(1, .shared, now: start) == [], "the lost one is released late")
    }

    @Test func `a reservation that is given up frees the connection for those who wait`() {
        var machine = machine(size: 1, connected: [1])
        #expect(machine.acquireSharedNow(now: start) == 1)
        #expect(machine.acquire(10, .exclusive, now: start) == [])
        #expect(machine.acquire(11, .shared, now: start) == [])
        let (wasWaiting, grants) = machine.giveUp(10, now: start)
        #expect(wasWaiting)
        #expect(grants == [Grant(waiter: 11, connection: 1)])
        let late = machine.giveUp(10, now: start)
        #expect(!late.wasWaiting)
    }

    @Test("random walks keep to the bounds and serve everybody", arguments: 0..<300)
    func walk(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let size = Int.random(in: 1...4, using: &random)
        let depth = Int.random(in: 1...3, using: &random)
        var machine = Machine(size: size, depth: depth)
        var open: [UInt64] = []
        var waiting: [UInt64: Machine.Use] = [:]
        var held: [(connection: UInt64, use: Machine.Use)] = []
        var nextID: UInt64 = 0
        var now = start

        func take(_ grants: [Grant]) {
            for grant in grants {
                guard let use = waiting.removeValue(forKey: grant.waiter) else {
                    Issue.record("seed \(seed): \(grant.waiter) did not wait")
                    continue
                }
                held.append((grant.connection, use))
            }
            for id in open {
                let uses = held.filter { $0.connection == id }.map(\.use)
                let exclusive = uses.count { $0 == .exclusive }
                #expect(exclusive == 0 || uses.count == 1, "seed \(seed): \(id) is shared and exclusive")
                #expect(uses.count <= max(depth, 1), "seed \(seed): too many on \(id)")
            }
            let exclusives = held.filter { open.contains($0.connection) && $0.use == .exclusive }.count
            #expect(exclusives <= max(1, size - 1), "seed \(seed): none is left for sharing")
            #expect(machine.waiterCount <= waiting.count, "seed \(seed)")
        }

        for _ in 0..<300 {
            now += .milliseconds(Int.random(in: 0...3, using: &random))
            nextID += 1
            switch Int.random(in: 0..<12, using: &random) {
            case 0, 1:
                guard open.count < size else { continue }
                open.append(nextID)
                take(machine.connected(nextID, now: now))
            case 2:
                guard let id = open.randomElement(using: &random), Bool.random(using: &random) else { continue }
                open.removeAll { $0 == id }
                take(machine.removed(id, now: now))
            case 3, 4, 5, 6:
                let use: Machine.Use = Bool.random(using: &random) ? .shared : .exclusive
                waiting[nextID] = use
                take(machine.acquire(nextID, use, now: now))
            case 7:
                guard let id = waiting.keys.sorted().randomElement(using: &random) else { continue }
                let (wasWaiting, grants) = machine.giveUp(id, now: now)
                #expect(wasWaiting, "seed \(seed): \(id)")
                waiting[id] = nil
                take(grants)
            default:
                guard let index = held.indices.randomElement(using: &random) else { continue }
                let lease = held.remove(at: index)
                take(machine.release(lease.connection, lease.use, now: now))
            }
        }
        // All give back, all are served.
        while open.count < size {
            nextID += 1
            open.append(nextID)
            take(machine.connected(nextID, now: now))
        }
        while let lease = held.popLast() { take(machine.release(lease.connection, lease.use, now: now)) }
        #expect(waiting.isEmpty, "seed \(seed): \(waiting) are never served")
        for id in open { #expect(machine.isUnused(id)) }
    }
}
