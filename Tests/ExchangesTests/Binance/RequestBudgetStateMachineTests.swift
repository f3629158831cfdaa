import TestSupport
import Testing

@testable import Exchanges

@Suite struct RequestBudgetStateMachineTests {
    private let start = ContinuousClock().now

    @Test func `an urgent request goes before all that wait, and is refused when its own time is up`() {
        var budget = RequestBudgetStateMachine(weightPerMinute: 100, concurrency: 10, longestQueueing: .seconds(120))
        let start = ContinuousClock.now
        _ = budget.submit(1, weight: 95, now: start)
        _ = budget.submit(2, weight: 50, now: start)
        #expect(budget.submit(3, weight: 1, urgentFor: .seconds(5), now: start).admitted == [3])
        #expect(budget.submit(4, weight: 10, urgentFor: .seconds(5), now: start).wake == start + .seconds(5))
        #expect(budget.advance(now: start + .seconds(5)).refused.keys.sorted() == [4])
        _ = budget.penalize(until: start + .seconds(60), now: start + .seconds(6))
        #expect(
            budget.submit(5, weight: 1, urgentFor: .seconds(5), now: start + .seconds(6)).refused[5] == .seconds(54)
        )
        #expect(budget.waiting == 1)
    }

    @Test func `what fits goes at once`() {
        var budget = RequestBudgetStateMachine(weightPerMinute: 100, concurrency: 10, longestQueueing: .seconds(120))
        #expect(budget.submit(1, weight: 60, now: start).admitted == [1])
        #expect(budget.submit(2, weight: 40, now: start).admitted == [2])
    }

    @Test func `what does not fit waits until the minute has passed`() {
        var budget = RequestBudgetStateMachine(weightPerMinute: 100, concurrency: 10, longestQueueing: .seconds(120))
        _ = budget.submit(1, weight: 60, now: start)
        _ = budget.submit(2, weight: 30, now: start + .seconds(10))
        let turn = budget.submit(3, weight: 50, now: start + .seconds(20))
        #expect(turn.admitted == [])
        #expect(turn.wake == start + RequestBudgetStateMachine.window)
        #expect(budget.advance(now: start + .seconds(61)).admitted == [])
        #expect(budget.advance(now: start + .seconds(62)).admitted == [3])
    }

    @Test func `nobody overtakes`() {
        var budget = RequestBudgetStateMachine(weightPerMinute: 100, concurrency: 10, longestQueueing: .seconds(120))
        _ = budget.submit(1, weight: 90, now: start)
        #expect(budget.submit(2, weight: 50, now: start).admitted == [])
        #expect(budget.submit(3, weight: 1, now: start).admitted == [])
        #expect(budget.advance(now: start + .seconds(62)).admitted == [2, 3])
    }

    @Test func `only so many are under way at once`() {
        var budget = RequestBudgetStateMachine(weightPerMinute: 1_000, concurrency: 2, longestQueueing: .seconds(120))
        _ = budget.submit(1, weight: 1, now: start)
        _ = budget.submit(2, weight: 1, now: start)
        #expect(budget.submit(3, weight: 1, now: start).admitted == [])
        #expect(budget.finished(used: 2, now: start).admitted == [3])
    }

    @Test func `what others behind the address use counts`() {
        var budget = RequestBudgetStateMachine(weightPerMinute: 100, concurrency: 10, longestQueueing: .seconds(120))
        _ = budget.submit(1, weight: 10, now: start)
        _ = budget.finished(used: 80, now: start + .seconds(1))
        #expect(budget.submit(2, weight: 30, now: start + .seconds(1)).admitted == [])
        #expect(budget.advance(now: start + .seconds(62)).admitted == [2])
    }

    @Test func `half of the weight is shared out evenly among replicas, the rest is for whoever needs it`() {
        var budget = RequestBudgetStateMachine(weightPerMinute: 100, concurrency: 10, longestQueueing: .seconds(120))
        budget.share(among: 4)
        // The others' parts are 12.5 each.
        #expect(budget.submit(1, weight: 63, now: start).admitted == [1])
        #expect(budget.submit(2, weight: 1, now: start).wake == start + .seconds(62))
        // One that goes leaves its part.
        budget.share(among: 3)
        #expect(budget.advance(now: start).admitted == [2])
        #expect(budget.submit(3, weight: 100, now: start).admitted == [])
        #expect(budget.advance(now: start + .seconds(62)).admitted == [3])
    }

    @Test func `what others are seen to use counts only beyond what is left for them`() {
        var budget = RequestBudgetStateMachine(weightPerMinute: 100, concurrency: 10, longestQueueing: .seconds(120))
        budget.share(among: 2)
        _ = budget.submit(1, weight: 10, now: start)
        _ = budget.finished(used: 30, now: start + .seconds(1))
        #expect(budget.submit(2, weight: 65, now: start + .seconds(1)).admitted == [2])
        _ = budget.finished(used: 10 + 65 + 26, now: start + .seconds(2))
        #expect(budget.submit(3, weight: 1, now: start + .seconds(2)).wake == start + .seconds(62))
    }

    @Test func `a penalty stops everything until it is over`() {
        var budget = RequestBudgetStateMachine(weightPerMinute: 100, concurrency: 10, longestQueueing: .seconds(120))
        _ = budget.penalize(until: start + .seconds(30), now: start)
        let turn = budget.submit(1, weight: 1, now: start + .seconds(1))
        #expect(turn.admitted == [])
        #expect(turn.wake == start + .seconds(30))
        #expect(budget.advance(now: start + .seconds(30)).admitted == [1])
    }

    @Test func `a ban that is longer than anybody should wait refuses at once, and says for how long`() {
        var budget = RequestBudgetStateMachine(weightPerMinute: 100, concurrency: 10, longestQueueing: .seconds(120))
        _ = budget.penalize(until: start + .seconds(3_600), now: start)
        #expect(budget.submit(1, weight: 1, now: start + .seconds(600)).refused == [1: .seconds(3_000)])
        #expect(budget.waiting == 0)
    }

    @Test func `who waits too long is refused`() {
        var budget = RequestBudgetStateMachine(weightPerMinute: 100, concurrency: 10, longestQueueing: .seconds(30))
        _ = budget.submit(1, weight: 100, now: start)
        let turn = budget.submit(2, weight: 100, now: start)
        #expect(turn.wake == start + .seconds(30))
        #expect(budget.advance(now: start + .seconds(30)).refused == [2: .seconds(32)])
    }

    @Test func `a request heavier than the budget goes when nothing else was spent`() {
        var budget = RequestBudgetStateMachine(weightPerMinute: 10, concurrency: 10, longestQueueing: .seconds(120))
        _ = budget.submit(1, weight: 1, now: start)
        #expect(budget.submit(2, weight: 20, now: start).wake == start + .seconds(62))
        #expect(budget.advance(now: start + .seconds(62)).admitted == [2])
    }

    @Test func `the exchange's own limit lowers the configured one, never raises it`() {
        var budget = RequestBudgetStateMachine(weightPerMinute: 100, concurrency: 10, longestQueueing: .seconds(120))
        _ = budget.limit(to: 50, now: start)
        _ = budget.limit(to: 6_000, now: start)
        _ = budget.submit(1, weight: 50, now: start)
        #expect(budget.submit(2, weight: 1, now: start).admitted == [])
    }

    @Test(arguments: 0..<10) func `no minute is ever overspent and nobody is forgotten`(block: Int) {
        for seed in block * 20..<(block + 1) * 20 { walk(seed: seed) }
    }

    private func walk(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let limit = Int.random(in: 50...500, using: &random)
        let concurrency = Int.random(in: 1...20, using: &random)
        var budget = RequestBudgetStateMachine(
            weightPerMinute: limit,
            concurrency: concurrency,
            longestQueueing: .seconds(100)
        )
        var now = start
        var weights: [Int: Int] = [:]
        var spent: [(time: ContinuousClock.Instant, weight: Int)] = []
        var underWay: [Int] = []
        var settled: Set<Int> = []
        var wake: ContinuousClock.Instant?
        var order: [Int] = []
        var penalty = now

        func take(_ turn: RequestBudgetStateMachine.Turn) {
            for id in turn.admitted {
                #expect(now >= penalty, "seed \(seed): sent during a penalty")
                #expect(settled.insert(id).inserted, "seed \(seed): settled twice")
                underWay.append(id)
                spent.append((now, weights[id]!))
                order.append(id)
            }
            for id in turn.refused.keys { #expect(settled.insert(id).inserted, "seed \(seed): settled twice") }
            if let time = turn.wake { wake = min(time, wake ?? time) }
            #expect(underWay.count <= concurrency, "seed \(seed): too many at once")
            let recent = spent.filter { $0.time + .seconds(60) > now }.reduce(0) { $0 + $1.weight }
            #expect(recent <= limit, "seed \(seed): \(recent) of \(limit) in a minute")
        }

        for id in 0..<300 {
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<70:
                weights[id] = Int.random(in: 1...20, using: &random)
                take(budget.submit(id, weight: weights[id]!, now: now))
            case 70..<72:
                penalty = max(penalty, now + .seconds(Int.random(in: 1...150, using: &random)))
                take(budget.penalize(until: penalty, now: now))
            default:
                now += .milliseconds(Int.random(in: 0...5_000, using: &random))
                if let time = wake, time <= now {
                    wake = nil
                    take(budget.advance(now: now))
                }
                while !underWay.isEmpty, random.chance(80) {
                    underWay.removeLast()
                    take(budget.finished(used: nil, now: now))
                }
            }
        }
        // From here on only its own wishes to be woken move it.
        while budget.waiting > 0 {
            while !underWay.isEmpty {
                underWay.removeLast()
                take(budget.finished(used: nil, now: now))
            }
            guard budget.waiting > 0 else { break }
            guard let time = wake else {
                Issue.record("seed \(seed): someone waits and nobody will wake them")
                return
            }
            wake = nil
            now = max(now, time)
            take(budget.advance(now: now))
        }
        #expect(settled == Set(weights.keys), "seed \(seed)")
        #expect(order == order.sorted(), "seed \(seed): overtaken")
    }
}
