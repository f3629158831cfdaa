import Testing
import Trading

@testable import Exchanges

@Suite struct CandleJoinerStateMachineTests {
    @Test(arguments: 0..<20) func `every candle comes out once and in order, whatever happens`(block: Int) {
        for seed in block * 50..<(block + 1) * 50 {
            var walk = JoinerWalk(seed: seed)
            walk.run(steps: 400)
        }
    }

    @Test(arguments: 0..<10) func `many share one stream and its history, and each gets every candle`(block: Int) {
        var joinsWithoutHistory = 0
        var sharedPages = 0
        for seed in block * 10..<(block + 1) * 10 {
            var walk = CrowdWalk(seed: seed)
            walk.run(steps: 600)
            joinsWithoutHistory += walk.joinsWithoutHistory
            sharedPages += walk.sharedPages
        }
        #expect(joinsWithoutHistory > 5)
        #expect(sharedPages > 5)
    }

    @Test func `the walks meet everything that can happen`() {
        var fetches = 0
        var joins = 0
        var interruptions = 0
        var delivered = 0
        for seed in 0..<50 {
            var walk = JoinerWalk(seed: seed)
            walk.run(steps: 400)
            fetches += walk.fetches
            joins += walk.joins
            interruptions += walk.interruptions
            delivered += walk.delivered.count
        }
        #expect(fetches > 500)
        #expect(joins > 70)
        #expect(interruptions > 70)
        #expect(delivered > 1_000)
    }

    @Test func `a streamed candle that follows directly does not wait for history`() {
        var machine = joiner(cursor: 4)
        _ = machine.streamAttached()
        #expect(machine.next() == .fetch(from: time(4) + 1))
        _ = machine.streamed(closed(5))
        #expect(machine.next() == .deliver(.closed(candle(5), exchangeTime: time(6))))
    }

    @Test func `who comes later joins from what the stream has told, without history`() {
        var machine = joiner(cursor: 4)
        _ = machine.streamAttached(recent: [closed(3), closed(4), closed(5), forming(6)])
        #expect(machine.next() == .deliver(.closed(candle(5), exchangeTime: time(6))))
        #expect(machine.next() == .deliver(.joined(exchangeTime: time(6) + 1)))
        #expect(machine.next() == .deliver(.forming(candle(6), exchangeTime: time(6) + 1)))
        #expect(machine.next() == .wait)
    }

    @Test func `what the stream has told does not reach back far enough`() {
        var machine = joiner(cursor: 3)
        _ = machine.streamAttached(recent: [closed(5), forming(6)])
        #expect(machine.next() == .fetch(from: time(3) + 1))
        machine.fetched(page([4, 5], reaches: 6))
        #expect(machine.next() == .deliver(.closed(candle(4), exchangeTime: time(100))))
        #expect(machine.next() == .deliver(.closed(candle(5), exchangeTime: time(100))))
        #expect(machine.next() == .deliver(.joined(exchangeTime: time(100))))
        #expect(machine.next() == .deliver(.forming(candle(6), exchangeTime: time(6) + 1)))
    }

    @Test func `a forming candle that is older than what history has shown joins nobody`() {
        var machine = joiner(cursor: 4)
        _ = machine.streamAttached()
        #expect(machine.next() == .fetch(from: time(4) + 1))
        machine.fetched(
            CandlePage(candles: [candle(5)], reaches: time(6), isComplete: false, exchangeTime: time(9))
        )
        #expect(machine.next() == .deliver(.closed(candle(5), exchangeTime: time(9))))
        _ = machine.streamed(forming(6))
        #expect(machine.next() == .fetch(from: time(5) + 1))
    }

    @Test func `a forming candle from before a reconnection joins nobody`() {
        var machine = joined(cursor: 4)
        _ = machine.streamed(forming(5))
        _ = machine.streamLost(reason: "cut")
        _ = machine.streamAttached()
        #expect(machine.next() == .deliver(.interrupted(reason: "cut")))
        #expect(machine.next() == .fetch(from: time(4) + 1))
    }

    @Test func `a fetch begun before a reconnection does not count as the join`() {
        var machine = joiner(cursor: 4)
        _ = machine.streamAttached()
        #expect(machine.next() == .fetch(from: time(4) + 1))
        _ = machine.streamLost(reason: "cut")
        _ = machine.streamAttached()
        machine.fetched(page([5], reaches: 6))
        #expect(machine.next() == .deliver(.closed(candle(5), exchangeTime: time(100))))
        #expect(machine.next() == .deliver(.interrupted(reason: "cut")))
        #expect(machine.next() == .fetch(from: time(5) + 1))
        machine.fetched(page([], reaches: 6, at: 200))
        #expect(machine.next() == .deliver(.joined(exchangeTime: time(200))))
        #expect(machine.next() == .wait)
    }

    @Test func `a consumer with a backlog learns that it has joined`() {
        var machine = joiner(cursor: 4)
        _ = machine.streamAttached()
        #expect(machine.next() == .fetch(from: time(4) + 1))
        for number in 5...7 { _ = machine.streamed(closed(number)) }
        machine.fetched(page([5], reaches: 6))
        #expect(machine.next() == .deliver(.closed(candle(5), exchangeTime: time(100))))
        #expect(machine.next() == .deliver(.joined(exchangeTime: time(100))))
        #expect(machine.next() == .deliver(.closed(candle(6), exchangeTime: time(7))))
        #expect(machine.next() == .deliver(.closed(candle(7), exchangeTime: time(8))))
    }

    @Test func `history that lags behind the stream is asked again, not believed`() {
        var machine = joined(cursor: 4)
        _ = machine.streamed(forming(6))
        #expect(machine.next() == .fetch(from: time(4) + 1))
        machine.fetched(page([], reaches: 5))
        #expect(machine.next() == .backOff(attempt: 1))
        #expect(machine.next() == .wait)
        #expect(machine.backOffElapsed(attempt: 1) == true)
        #expect(machine.next() == .fetch(from: time(4) + 1))
        machine.fetched(page([5], reaches: 6))
        #expect(machine.next() == .deliver(.closed(candle(5), exchangeTime: time(100))))
        #expect(machine.next() == .deliver(.forming(candle(6), exchangeTime: time(6) + 1)))
    }

    @Test func `a hole that history confirms is the exchange's own gap`() {
        var machine = joined(cursor: 4)
        _ = machine.streamed(closed(9))
        #expect(machine.next() == .fetch(from: time(4) + 1))
        machine.fetched(page([9], reaches: 10))
        #expect(machine.next() == .deliver(.closed(candle(9), exchangeTime: time(100))))
        #expect(machine.next() == .wait)
    }

    @Test func `a hole that history never explains is passed after some patience`() {
        var machine = joined(cursor: 4)
        _ = machine.streamed(closed(9))
        for attempt in 1..<CandleJoinerStateMachine.patienceWithHistory {
            #expect(machine.next() == .fetch(from: time(4) + 1))
            machine.fetched(page([], reaches: nil))
            #expect(machine.next() == .backOff(attempt: attempt))
            #expect(machine.backOffElapsed(attempt: attempt) == true)
        }
        #expect(machine.next() == .fetch(from: time(4) + 1))
        machine.fetched(page([], reaches: nil))
        #expect(machine.next() == .deliver(.closed(candle(9), exchangeTime: time(10))))
    }

    @Test func `what overflows the buffer is fetched without waiting for the next candle`() {
        var machine = joined(cursor: 4, bufferLimit: 2)
        for number in 5...8 { _ = machine.streamed(closed(number)) }
        #expect(machine.next() == .deliver(.closed(candle(5), exchangeTime: time(6))))
        #expect(machine.next() == .deliver(.closed(candle(6), exchangeTime: time(7))))
        #expect(machine.next() == .fetch(from: time(6) + 1))
        machine.fetched(page([7, 8], reaches: 9))
        #expect(machine.next() == .deliver(.closed(candle(7), exchangeTime: time(100))))
        #expect(machine.next() == .deliver(.closed(candle(8), exchangeTime: time(100))))
        #expect(machine.next() == .wait)
    }

    @Test func `of the forming candle only the latest is kept, and a late one never comes after its close`() {
        var machine = joined(cursor: 4)
        _ = machine.streamed(forming(5, at: 10))
        _ = machine.streamed(forming(5, at: 30))
        #expect(machine.streamed(forming(5, at: 20)) == false)
        #expect(machine.next() == .deliver(.forming(candle(5), exchangeTime: time(5) + 30)))
        #expect(machine.next() == .wait)
        _ = machine.streamed(forming(5, at: 40))
        _ = machine.streamed(closed(5))
        #expect(machine.streamed(forming(5, at: 50)) == false)
        #expect(machine.next() == .deliver(.closed(candle(5), exchangeTime: time(6))))
        #expect(machine.next() == .wait)
    }

    @Test func `failures of history are told once and end in a join`() {
        var machine = joined(cursor: 4)
        _ = machine.streamed(closed(6))
        #expect(machine.next() == .fetch(from: time(4) + 1))
        machine.fetchFailed(reason: "down")
        #expect(machine.next() == .deliver(.interrupted(reason: "down")))
        #expect(machine.next() == .backOff(attempt: 1))
        #expect(machine.backOffElapsed(attempt: 1) == true)
        #expect(machine.next() == .fetch(from: time(4) + 1))
        machine.fetchFailed(reason: "still down")
        #expect(machine.next() == .backOff(attempt: 2))
        #expect(machine.backOffElapsed(attempt: 1) == false, "a timer of the past counts for nothing")
        #expect(machine.backOffElapsed(attempt: 2) == true)
        #expect(machine.next() == .fetch(from: time(4) + 1))
        machine.fetched(page([5, 6], reaches: 7))
        #expect(machine.next() == .deliver(.closed(candle(5), exchangeTime: time(100))))
        #expect(machine.next() == .deliver(.closed(candle(6), exchangeTime: time(100))))
        #expect(machine.next() == .deliver(.joined(exchangeTime: time(100))))
    }

    @Test func `it ends when it is told to, whatever is pending`() {
        var machine = joined(cursor: 4)
        _ = machine.streamed(closed(5))
        _ = machine.finish()
        #expect(machine.next() == .finish)
        #expect(machine.streamed(closed(6)) == false)
        #expect(machine.streamAttached() == false)
    }

    // MARK: Material

    private func joiner(cursor: Int, bufferLimit: Int = 100) -> CandleJoinerStateMachine {
        CandleJoinerStateMachine(interval: .oneMinute, cursor: time(cursor), bufferLimit: bufferLimit)
    }

    /// Joined, with nothing between the cursor and the candle that forms now.
    private func joined(cursor: Int, bufferLimit: Int = 100) -> CandleJoinerStateMachine {
        var machine = joiner(cursor: cursor, bufferLimit: bufferLimit)
        _ = machine.streamAttached()
        #expect(machine.next() == .fetch(from: time(cursor) + 1))
        machine.fetched(page([], reaches: cursor + 1))
        #expect(machine.next() == .deliver(.joined(exchangeTime: time(100))))
        #expect(machine.next() == .wait)
        return machine
    }

    private func page(_ numbers: [Int], reaches: Int?, at number: Int = 100) -> CandlePage {
        CandlePage(
            candles: numbers.map(candle),
            reaches: reaches.map(time),
            isComplete: true,
            exchangeTime: time(number)
        )
    }

    private func time(_ number: Int) -> Timestamp { Timestamp(milliseconds: Int64(number) * 60_000) }

    private func candle(_ number: Int) -> Candle {
        let price = FixedDecimal(number)
        return Candle(openTime: time(number), open: price, high: price, low: price, close: price, volume: .one)
    }

    private func closed(_ number: Int) -> StreamedCandle {
        StreamedCandle(candle: candle(number), isClosed: true, eventTime: time(number + 1))
    }

    private func forming(_ number: Int, at offset: Int64 = 1) -> StreamedCandle {
        StreamedCandle(candle: candle(number), isClosed: false, eventTime: time(number) + offset)
    }
}
