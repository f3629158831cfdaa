import Coordination
import Testing

@testable import Hosting

@Suite("The host's memory")
struct HostLedgerTests {
    private func claim(_ shard: Int, strategies: Int = 1) -> ShardClaim {
        ShardClaim(token: FencingToken(shard: shard, owner: 1, epoch: 1), strategies: strategies)
    }

    /// A ledger that owns these shards and has loaded those with strategies, at these revisions.
    private func ledger(_ revisions: [Int: Int64], empty: [Int] = []) throws -> HostLedger {
        var ledger = HostLedger(trials: .standard)
        ledger.own(revisions.keys.sorted().map { claim($0) } + empty.map { claim($0, strategies: 0) }, at: .now)
        let loads = ledger.nextLoads()
        let load = try #require(loads.first)
        #expect(ledger.loaded(load, revisions).count == revisions.count)
        return ledger
    }

    private func compare(_ ledger: inout HostLedger) -> [Int: Int64]? {
        ledger.nextComparison().map { Dictionary(uniqueKeysWithValues: $0.map { ($0.shard, $0.revision) }) }
    }

    @Test("asked to look at everything, it compares revisions, and loads what differs")
    func comparing() throws {
        var ledger = try ledger([1: 7, 2: 4], empty: [5])
        #expect(compare(&ledger) == nil)
        ledger.refreshAll()
        #expect(compare(&ledger) == [1: 7, 2: 4, 5: -1])
        #expect(compare(&ledger) == nil)
        // Asked again while the answer is awaited: another look afterwards.
        ledger.refreshAll()
        #expect(compare(&ledger) == nil)
        ledger.compared([2, 5])
        let loads = ledger.nextLoads()
        let load = try #require(loads.first)
        #expect(load.batch == LoadQueue.Batch(shards: [2, 5], isRestore: false))
        #expect(compare(&ledger) == [1: 7, 2: 4, 5: -1])
        ledger.compared([])
        _ = ledger.loaded(load, [2: 5, 5: 0])
        ledger.refreshAll()
        #expect(compare(&ledger) == [1: 7, 2: 5, 5: 0])
    }

    @Test("an empty shard of which the claim says how it stands is not loaded until something else is wanted of it")
    func emptyShards() throws {
        var ledger = try ledger([1: 7])
        ledger.own([ShardClaim(token: claim(5).token, strategies: 0, revision: 3)], at: .now)
        ledger.refreshAll()
        #expect(compare(&ledger) == [1: 7, 5: 3])
        ledger.compared([5])
        #expect(ledger.nextLoads().map(\.batch) == [LoadQueue.Batch(shards: [5], isRestore: false)])
    }

    @Test("shards that are ready wait a moment for others of which some are about to be, and no longer")
    func gathering() throws {
        var ledger = try ledger([1: 0, 2: 0, 3: 0])
        let tokens = Dictionary(uniqueKeysWithValues: [1, 2, 3].map { ($0, claim($0).token) })
        _ = ledger.found([1: [10], 2: [20], 3: [30]], in: tokens, isRestore: true)
        let now = ContinuousClock.now
        func ready(at instant: ContinuousClock.Instant) -> [Int] { ledger.takeReady(at: instant).map(\.token.shard) }
        #expect(ready(at: now) == [])
        let none = ledger.nextReadyCall()
        #expect(none == nil)
        ledger.isUp(10, claim(1).token)
        #expect(ready(at: now) == [])
        let call = ledger.nextReadyCall()
        let again = ledger.nextReadyCall()
        let due = try #require(call)
        #expect(due == now + HostLedger.gathering && again == nil, "told once")
        ledger.isUp(20, claim(2).token)
        #expect(ready(at: due - .milliseconds(1)) == [])
        #expect(ready(at: due) == [1, 2])
        // The last waits for nobody, but for a statement that is under way.
        ledger.isMarkingReady = true
        ledger.isUp(30, claim(3).token)
        #expect(ready(at: due) == [])
        ledger.isMarkingReady = false
        #expect(ready(at: due) == [3] && ready(at: due) == [])
    }

    @Test(
        "a comparison that failed is repeated; what was given up is not compared, and nothing that is known of it counts"
    )
    func failing() throws {
        var ledger = try ledger([1: 7, 2: 4])
        ledger.refreshAll()
        #expect(compare(&ledger) != nil)
        _ = ledger.disown([claim(1).token])
        ledger.compared(nil)
        #expect(compare(&ledger) == [2: 4])
        ledger.compared([1])
        #expect(ledger.nextLoads().count == 0)
        ledger.own([claim(1)], at: .now)
        ledger.refreshAll()
        #expect(compare(&ledger) == [1: -1, 2: 4])
    }
}
