import Postgres
import Testing

@testable import Coordination

@Suite(.timeLimit(.minutes(5)))
struct OwnershipEventTests {
    @Test func `a claim, a hand-over and a restore are one event each, whatever the number of strategies`() async throws
    {
        try await OwnershipFixture.with { database in
            try await database.keep(6)
            try await database.load(0..<4, strategies: 2)
            let first = try await database.join("first")
            let claims = try await database.claimAll(first)
            try await first.shards.markReady(claims.map(\.token))
            let second = try await database.join("second")
            // One shard is without strategies: nobody needs to hear of it.
            let released = claims.map(\.token).filter { [0, 1, 5].contains($0.shard) }
            _ = try await first.shards.release(released, to: second.id)
            try await database.expire(first.id)
            #expect(try await second.life.fence(first.id, by: second.id))
            _ = try await database.claimAll(second)
            let events = try await database.column(
                """
                SELECT concat_ws(' ', kind, CASE WHEN replica_id = \(first.id) THEN 'first' ELSE 'second' END,
                    details ->> 'reason', details ->> 'shards', details ->> 'strategies')
                FROM tenure.events ORDER BY id
                """
            )
            #expect(
                events.prefix(4) == [
                    "claimed first vacant 4 8", "restored first 4 8", "handed_over first 2 4",
                    "fenced first lease expired",
                ]
            )
            #expect(Set(events.dropFirst(4)) == ["claimed second rebalance 2 4", "claimed second crash 2 4"])
        }
    }
}
