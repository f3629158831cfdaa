import TestSupport
import Testing

@testable import Postgres

@Suite struct SmallPartsTests {
    @Test("a queue behaves like an array", arguments: 0..<50)
    func queue(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        var queue = FIFO<Int>()
        var model: [Int] = []
        for number in 0..<500 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0, 1, 2:
                queue.append(number)
                model.append(number)
            case 3:
                queue.prepend(number)
                model.insert(number, at: 0)
            case 4, 5:
                let expected = model.isEmpty ? nil : model.removeFirst()
                let popped = queue.popFirst()
                #expect(popped == expected)
            case 6:
                let wanted = model.randomElement(using: &random) ?? -1
                let expected = model.firstIndex(of: wanted).map { model.remove(at: $0) }
                let removed = queue.removeFirst { $0 == wanted }
                #expect(removed == expected)
            default:
                queue.withLast { $0 += 1 }
                if !model.isEmpty { model[model.count - 1] += 1 }
            }
            #expect(queue.map { $0 } == model, "seed \(seed)")
            #expect(queue.count == model.count && queue.first == model.first)
        }
    }

    @Test func `timers expire by deadline`() {
        var random = SeededGenerator(seed: 1)
        let start = Moment.now
        var timers = TimerQueue()
        for _ in 0..<200 {
            timers.insert(IOTimer(deadline: start + .milliseconds(Int.random(in: 0..<1000, using: &random))) {})
        }
        #expect(timers.popExpired(at: start + .seconds(-1)) == nil)
        var last = start
        var count = 0
        while let timer = timers.popExpired(at: start + .seconds(1)) {
            #expect(timer.deadline >= last)
            last = timer.deadline
            count += 1
        }
        #expect(count == 200 && timers.isEmpty)
    }

    @Test func `the statement used longest ago makes room`() {
        var cache = PreparedStatementCache(capacity: 2)
        func key(_ sql: String) -> PreparedStatementCache.Key { .init(sql: sql, types: []) }
        let first = cache.use(key("a"))
        #expect(first.mustPrepare && first.evicted == nil)
        // Another caller before the server has answered: without a name.
        #expect(cache.use(key("a")) == .init(name: "", mustPrepare: true, evicted: nil))
        cache.confirm(key("a"), name: first.name)
        let second = cache.use(key("b"))
        cache.confirm(key("b"), name: second.name)
        #expect(second.name != first.name)
        #expect(cache.use(key("a")) == .init(name: first.name, mustPrepare: false, evicted: nil))
        #expect(cache.use(key("c")).evicted == second.name)
        #expect(cache.count == 2)
        cache.forget(key("a"), name: "another")
        #expect(!cache.use(key("a")).mustPrepare)
        cache.forget(key("a"), name: first.name)
        let again = cache.use(key("a"))
        #expect(again.mustPrepare && again.name != first.name && again.evicted == nil)
    }

    @Test func `waiting doubles up to its limit, with jitter`() {
        var random = SeededGenerator(seed: 3)
        var backoff = Backoff(initial: .milliseconds(20), limit: .milliseconds(100))
        for limit in [20, 40, 80, 100, 100] {
            let delay = backoff.next(using: &random)
            #expect(delay <= .milliseconds(limit) && delay >= .milliseconds(limit / 2))
        }
        backoff.reset()
        #expect(backoff.next(using: &random) <= .milliseconds(20))
    }

    @Test func `the SQLSTATE is found in what libpq says about a connection`() {
        let message = ConnectionMessage(
            """
            connection to server at "127.0.0.1", port 5432 failed: FATAL:  28P01: password authentication failed
            LOCATION:  auth_failed, auth.c:326

            """
        )
        #expect(message.sqlState == "28P01")
        #expect(
            message.text
                == "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  password authentication failed"
        )
        let refused = ConnectionMessage(
            "connection to server at \"::1\", port 1 failed: Connection refused\n\tIs it running?\n"
        )
        #expect(refused.sqlState == nil)
        #expect(
            refused.text == "connection to server at \"::1\", port 1 failed: Connection refused. Is it running?"
        )
        let closed = ConnectionMessage("server closed\n\tThis means it ended\n\tbefore or while.\n")
        #expect(closed.text == "server closed. This means it ended before or while.")
    }

    @Test func `an outage is told once when it begins and once when it is over`() {
        var outage = Outage()
        let start = ContinuousClock.now
        #expect(outage.connected(allAreOpen: true, now: start) == nil)
        #expect(outage.connectionLost(now: start) == .lost)
        #expect(outage.connectionLost(now: start) == nil)
        #expect(outage.connectingFailed(now: start + .seconds(1)) == .unreachable)
        #expect(outage.connectingFailed(now: start + .seconds(2)) == nil)
        #expect(outage.connectionLost(now: start + .seconds(2)) == nil)
        #expect(outage.connected(allAreOpen: false, now: start + .seconds(3)) == nil)
        #expect(outage.connected(allAreOpen: true, now: start + .seconds(4)) == .over(after: .seconds(4)))
        #expect(outage.connected(allAreOpen: true, now: start + .seconds(5)) == nil)
        #expect(outage.connectionLost(now: start + .seconds(6)) == .lost)
    }
}
