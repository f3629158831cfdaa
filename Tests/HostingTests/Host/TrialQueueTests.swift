import Coordination
import Testing
import Trading

@testable import Hosting
@testable import Store

@Suite("The queue of trials")
struct TrialQueueTests {
    private func suspect(_ id: Int64, shard: Int = 0, crashes: Int = 3, diedWith width: Int? = nil)
        -> TrialQueue.Suspect
    {
        TrialQueue.Suspect(
            definition: StoredStrategy(
                id: id,
                symbol: "BTCUSDT",
                exchange: "binance",
                mode: "puppet",
                interval: .fiveMinutes,
                execution: .paper,
                config: .object([:]),
                limits: .none,
                version: 1,
                shard: shard,
                phase: .running,
                isPaused: false,
                trouble: nil,
                stop: nil,
                closing: nil,
                checkpoint: nil,
                taken: "crash",
                isExposed: false,
                recentCrashes: crashes,
                diedOnTrial: width
            ),
            token: FencingToken(shard: shard, owner: 1, epoch: 4)
        )
    }

    /// Starts the next group, and says who is in it.
    private func pass(_ queue: inout TrialQueue) -> [Int64] {
        guard let group = queue.next() else { return [] }
        for strategy in group.strategies { #expect(queue.start(strategy.id) != nil) }
        queue.isOver()
        return group.strategies.map(\.id)
    }

    @Test("one group at a time, across shards; those that nobody accused before the accused, who are alone")
    func order() {
        var queue = TrialQueue(.standard)
        queue.add(suspect(90, shard: 1, diedWith: 7))
        for id in 1...40 as ClosedRange<Int64> { queue.add(suspect(id, shard: Int(id % 3))) }
        queue.add(suspect(91, diedWith: 2))
        #expect(queue.next()?.strategies.count == TrialQueue.largestGroup)
        #expect(queue.next() == nil, "one is under way")
        queue.isOver()
        #expect(pass(&queue) == Array(1...32), "those that were not started are tried again")
        #expect(pass(&queue) == Array(33...40))
        #expect(pass(&queue) == [90])
        #expect(pass(&queue) == [91])
        #expect(pass(&queue) == [])
        #expect(queue.count == 0)
    }

    @Test("with the next two crashes a trial takes twice as long")
    func duration() {
        var seconds: [Duration] = []
        for crashes in [3, 4, 5, 500] {
            var queue = TrialQueue(.standard)
            queue.add(suspect(1, crashes: 3))
            queue.add(suspect(2, crashes: crashes))
            if let group = queue.next() { seconds.append(group.duration) }
        }
        #expect(seconds == [2, 4, 8, 8].map { .seconds($0) })
    }

    @Test("three crashes make a strategy suspect, unless nobody ever is")
    func suspicion() {
        for (policy, isSuspect) in [(TrialPolicy.standard, [false, true, true]), (.never, [false, false, false])] {
            let queue = TrialQueue(policy)
            #expect([2, 3, 4].map { queue.isSuspect(suspect(1, crashes: $0).definition) } == isSuspect)
        }
    }

    @Test("whoever was stopped or taken away is not started; a new definition takes the place of the old")
    func changes() throws {
        var queue = TrialQueue(.standard)
        queue.add(suspect(1))
        queue.add(suspect(2, shard: 1))
        queue.add(suspect(3))
        queue.remove { $0.token.shard == 1 }
        let next = queue.next()
        let group = try #require(next)
        #expect(group.strategies.map(\.id) == [1, 3])
        queue.remove(1)
        queue.add(suspect(3, crashes: 9))
        #expect(queue.start(1) == nil)
        #expect(queue.start(3)?.definition.recentCrashes == 9)
        #expect(queue.start(3) == nil)
        queue.isOver()
        queue.add(suspect(1))
        #expect(queue.contains(1))
        #expect(pass(&queue) == [1])
    }
}
