import NIOCore
import Testing

@testable import Exchanges

@Suite struct StreamPoolStateMachineTests {
    private let now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private var soon: NIODeadline { now + .milliseconds(1) }

    @Test(arguments: 0..<10) func `what is wanted is attached in the end, and only what is attached is said to be`(
        block: Int
    ) {
        for seed in block * 30..<(block + 1) * 30 {
            var walk = StreamPoolWalk(seed: seed)
            walk.run(steps: 300)
            #expect(walk.losses > 0 && walk.attachments > 0)
        }
    }

    @Test func `one connection is warm before anything is wanted, so that a subscription is one message`() {
        var pool = StreamPoolStateMachine(streamsPerSlot: 10)
        #expect(pool.start() == [.connect(1)])
        #expect(pool.opened(1, now: now) == [])
        let request = StreamRequest(id: 1, method: .subscribe, streams: ["a"])
        #expect(pool.acquire("a", now: now) == [.wake(1, at: soon)])
        #expect(pool.wake(1, now: soon) == [.send(1, request)])
        #expect(pool.acknowledged(1, request: 1) == [.attached(["a"])])
        #expect(pool.acquire("a", now: now) == [])
        #expect(pool.isAttached("a"))
    }

    @Test func `what many want at once goes in one message`() {
        var pool = StreamPoolStateMachine(streamsPerSlot: 10)
        _ = pool.start()
        _ = pool.opened(1, now: now)
        #expect(pool.acquire("a", now: now) == [.wake(1, at: soon)])
        #expect(pool.acquire("b", now: now) == [])
        let first = StreamRequest(id: 1, method: .subscribe, streams: ["a", "b"])
        #expect(pool.wake(1, now: soon) == [.send(1, first)])
        #expect(pool.acquire("c", now: soon) == [.wake(1, at: soon + .milliseconds(1))])
        #expect(pool.acquire("d", now: soon) == [])
        #expect(pool.wake(1, now: soon + .milliseconds(1)) == [.wake(1, at: soon + .milliseconds(5))])
        let second = StreamRequest(id: 2, method: .subscribe, streams: ["c", "d"])
        #expect(pool.wake(1, now: soon + .milliseconds(5)) == [.send(1, second)])
    }

    @Test func `streams spread over connections that are opened as needed`() {
        var pool = StreamPoolStateMachine(streamsPerSlot: 2)
        _ = pool.start()
        #expect(pool.acquire("a", now: now) == [])
        #expect(pool.acquire("b", now: now) == [])
        #expect(pool.acquire("c", now: now) == [.connect(2)])
    }

    @Test func `a stream does not wait for a connection that has said as much as it may for a while`() {
        var pool = StreamPoolStateMachine(streamsPerSlot: 100)
        _ = pool.start()
        _ = pool.opened(1, now: now)
        var now = now
        for stream in ["a", "b", "c"] {
            _ = pool.acquire(stream, now: now)
            now = now + .milliseconds(30)
            #expect(pool.wake(1, now: now).count == 1)
        }
        // A quarter of a second for the fourth message, a second and more for the fifth.
        #expect(pool.acquire("d", now: now) == [.connect(2)])
        #expect(pool.acquire("e", now: now) == [])
        #expect(pool.opened(2, now: now) == [.send(2, StreamRequest(id: 4, method: .subscribe, streams: ["d", "e"]))])
        // Later it takes more.
        #expect(pool.acquire("f", now: now + .seconds(2)) == [.wake(2, at: now + .milliseconds(2_001))])
        #expect(pool.acquire("g", now: now + .seconds(2)) == [.wake(1, at: now + .milliseconds(2_001))])
    }

    @Test func `streams that come one after the other, however many, open few connections`() {
        var pool = StreamPoolStateMachine(streamsPerSlot: 100)
        _ = pool.start()
        _ = pool.opened(1, now: now)
        var now = now
        var connections = 1
        for stream in 1...90 {
            for action in pool.acquire("\(stream)", now: now) {
                guard case .connect(let link) = action else { continue }
                connections += 1
                _ = pool.opened(link, now: now)
            }
            now = now + .milliseconds(5)
            for link in 1...connections { _ = pool.wake(link, now: now) }
        }
        #expect(connections == 5)
    }

    @Test func `a lost connection is replaced at once and everything is subscribed again in one message`() {
        var pool = attached(["a", "b"])
        let later = now + .seconds(60)
        #expect(
            pool.closed(1, reason: "cut", now: later) == [
                .lost(["a", "b"], reason: "cut"), .slotLost(1, streams: 2, reason: "cut"), .retry(1, attempt: 0),
            ]
        )
        #expect(pool.retryDue(1) == [.connect(2)])
        #expect(
            pool.opened(2, now: later) == [
                .slotRestored(1, streams: 2), .send(2, StreamRequest(id: 2, method: .subscribe, streams: ["a", "b"])),
            ]
        )
        #expect(pool.acknowledged(2, request: 2) == [.attached(["a", "b"])])
    }

    @Test func `an exchange out of reach is tried less and less often, and told of once`() {
        var pool = StreamPoolStateMachine(streamsPerSlot: 10)
        _ = pool.start()
        #expect(
            pool.closed(1, reason: "refused", now: now) == [
                .slotLost(1, streams: 0, reason: "refused"), .retry(1, attempt: 0),
            ]
        )
        for attempt in 1...5 {
            #expect(pool.retryDue(1) == [.connect(attempt + 1)])
            #expect(pool.closed(attempt + 1, reason: "refused", now: now) == [.retry(1, attempt: attempt)])
        }
    }

    @Test func `a renewal is not noticed by anybody`() {
        var pool = attached(["a"])
        #expect(pool.renew(1) == [.connect(2)])
        #expect(
            pool.opened(2, now: now) == [.send(2, StreamRequest(id: 2, method: .subscribe, streams: ["a"]))]
        )
        #expect(pool.isAttached("a"))
        #expect(pool.acknowledged(2, request: 2) == [.linger(1)])
        #expect(pool.lingered(1) == [.close(1, reason: "renewed")])
        #expect(pool.closed(1, reason: "renewed", now: now) == [])
        #expect(pool.isAttached("a"))
    }

    @Test func `a connection that was to be replaced goes on if its successor breaks`() {
        var pool = attached(["a"])
        _ = pool.renew(1)
        _ = pool.opened(2, now: now)
        #expect(pool.acknowledged(2, request: 2) == [.linger(1)])
        #expect(pool.closed(2, reason: "cut", now: now) == [.retry(1, attempt: 0)])
        #expect(pool.lingered(1) == [])
        #expect(pool.isAttached("a"))
        #expect(pool.retryDue(1) == [.connect(3)])
        _ = pool.opened(3, now: now)
        #expect(pool.acknowledged(3, request: 3) == [.linger(1)])
        #expect(pool.lingered(1) == [.close(1, reason: "renewed")])
    }

    @Test func `an answer to a subscription that was given up meanwhile attaches nothing`() {
        var pool = StreamPoolStateMachine(streamsPerSlot: 10)
        _ = pool.start()
        _ = pool.opened(1, now: now)
        _ = pool.acquire("a", now: now)
        _ = pool.wake(1, now: soon)
        _ = pool.release("a", now: now + .seconds(1))
        _ = pool.acquire("a", now: now + .seconds(2))
        _ = pool.wake(1, now: now + .seconds(3))
        #expect(pool.acknowledged(1, request: 1) == [])
        #expect(pool.acknowledged(1, request: 3) == [.attached(["a"])])
    }

    private func attached(_ streams: [String]) -> StreamPoolStateMachine {
        var pool = StreamPoolStateMachine(streamsPerSlot: 10)
        _ = pool.start()
        for stream in streams { _ = pool.acquire(stream, now: now) }
        _ = pool.opened(1, now: now)
        #expect(pool.acknowledged(1, request: 1) == [.attached(streams)])
        return pool
    }
}
