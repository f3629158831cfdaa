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
