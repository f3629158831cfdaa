import Postgres
import TestSupport
import Testing

@testable import Coordination

/// Claiming, releasing, marking as ready: the SQL.
@Suite(.timeLimit(.minutes(5)))
struct ShardRepositoryTests {
    @Test func `five claim at once: no shard is taken twice, all are taken, each within its share`() async throws {
        try await OwnershipFixture.with { database in
            try await database.load(0..<500)
            try await database.load(500..<600, strategies: 3)
            var replicas: [OwnershipFixture.Replica] = []
            for index in 0..<5 { replicas.append(try await database.join("r\(index)", capacity: 500)) }
            let claims = try await withThrowingTaskGroup(of: [ShardClaim].self) { group in
                for replica in replicas { group.addTask { try await database.claimAll(replica) } }
                return try await group.reduce(into: [[ShardClaim]]()) { $0.append($1) }
            }
            let all = claims.flatMap { $0 }
            #expect(all.count == 1_024)
            #expect(Set(all.map(\.token.shard)).count == 1_024, "no shard twice")
            #expect(all.allSatisfy { $0.token.epoch == 1 })
            for claims in claims {
                let strategies = claims.reduce(0) { $0 + $1.strategies }
                // 800 strategies; the last shard taken may hold three.
                #expect(strategies <= 160 + 2, "\(strategies)")
                #expect(claims.count { $0.strategies == 0 } <= 85)
            }
            for replica in replicas {
                let owned = try await replica.shards.owned(by: replica.id)
                #expect(Set(owned).isSubset(of: all.map(\.token)))
                #expect(owned.count == all.count { $0.token.owner == replica.id })
            }
        }
    }

    @Test func `shares follow capacity; who drains or is fenced gets nothing`() async throws {
        try await OwnershipFixture.with { database in
            try await database.keep(100)
            try await database.load(0..<100)
            let small = try await database.join("small", capacity: 100)
            let large = try await database.join("large", capacity: 300)
            let leaving = try await database.join("leaving", capacity: 1_000)
            let dead = try await database.join("dead", capacity: 1_000)
            try await leaving.life.markDraining(leaving.id)
            try await database.expire(dead.id)
            #expect(try await small.life.fence(dead.id, by: small.id))
            #expect(try await database.claimAll(leaving).isEmpty)
            #expect(try await database.claimAll(dead).isEmpty)
            #expect(try await database.claimAll(small).count == 25)
            #expect(try await database.claimAll(large).count == 75)
        }
    }

    @Test func `nobody takes more than it has room for; the rest waits for whoever comes`() async throws {
        try await OwnershipFixture.with { database in
            try await database.keep(20)
            try await database.load(0..<10, strategies: 1)
            try await database.load(10..<12, strategies: 4)
            let first = try await database.join("first", capacity: 5)
            let second = try await database.join("second", capacity: 3)
            var carried = 0
            for replica in [first, second] {
                let claims = try await database.claimAll(replica)
                let strategies = claims.reduce(0) { $0 + $1.strategies }
                #expect(strategies <= (replica.id == first.id ? 5 : 3))
                carried += strategies
            }
            // Once more, as each heartbeat would: what the one could not take fits the other.
            for replica in [first, second] {
                carried += try await database.claimAll(replica).reduce(0) { $0 + $1.strategies }
            }
            #expect(carried == 8, "all room is used")
            #expect(
                try await database.column(
                    "SELECT count(*)::text FROM tenure.shards WHERE owner IS NULL AND strategies = 0"
                ) == ["0"]
            )
            let third = try await database.join("third", capacity: 100)
            #expect(try await database.claimAll(third).reduce(0) { $0 + $1.strategies } == 10)
            #expect(try await database.column("SELECT count(*)::text FROM tenure.shards WHERE owner IS NULL") == ["0"])
        }
    }

    @Test func `shards with strategies are taken first, empty ones by another claim; both say what is wanted of them`()
        async throws
    {
        try await OwnershipFixture.with { database in
            try await database.keep(6)
            try await database.load(1..<3)
            try await database.observer.query("UPDATE tenure.shards SET revision = id + 10")
            let replica = try await database.join("a")
            var taken: [[Int]] = []
            for _ in 0..<3 {
                let claims = try await replica.shards.claim(replica.id).claims
                #expect(claims.allSatisfy { $0.revision == Int64($0.token.shard + 10) })
                taken.append(claims.map(\.token.shard).sorted())
            }
            #expect(taken == [[1, 2], [0, 3, 4, 5], []])
        }
    }

    @Test func `what is seen of orphans that somebody has taken meanwhile comes to nothing`() async throws {
        try await OwnershipFixture.with { database in
            try await database.keep(4)
            try await database.load(0..<4)
            let first = try await database.join("first")
            let second = try await database.join("second")
            let seen = try await second.shards.orphans()
            #expect(seen.takers.map(\.id).sorted() == [first.id, second.id] && seen.shards.count == 4)
            #expect(try await database.claimAll(first).count == 2)
            _ = try await first.shards.release(
                try await first.shards.owned(by: first.id).filter { $0.shard == 0 },
                to: nil
            )
            // Released again, but under another epoch; and what is owned is no orphan.
            let (claims, missed) = try await second.shards.take(seen.shards, for: second.id)
            #expect(claims.allSatisfy { $0.token.epoch == 1 } && claims.count == 2)
            #expect(missed == 2, "to be looked at again")
            let owners = try await first.shards.owned(by: first.id)
            #expect(owners.count == 1)
            let forged = owners.map { Orphans.Shard(id: $0.shard, epoch: $0.epoch, strategies: 1) }
            #expect(try await second.shards.take(forged, for: second.id).claims.isEmpty)
        }
    }

    @Test func `whoever carries least is filled first, and the loads end even`() async throws {
        try await OwnershipFixture.with { database in
            try await database.keep(60)
            try await database.load(0..<60)
            let first = try await database.join("first")
            #expect(try await database.claimAll(first).count == 60)
            let others = [try await database.join("second"), try await database.join("third")]
            _ = try await first.shards.release(
                try await first.shards.owned(by: first.id).filter { $0.shard >= 27 },
                to: nil
            )
            // 27 and 33 orphans: the level is 20, which the first is above already.
            #expect(try await database.claimAll(first).isEmpty)
            let counts = [try await database.claimAll(others[0]).count, try await database.claimAll(others[1]).count]
            #expect(counts.sorted() == [16, 17])
        }
    }

    @Test func `what is given away by name is a rebalance, whoever takes it; ready is when it all runs`() async throws {
        try await OwnershipFixture.with { database in
            try await database.keep(2)
            try await database.load(0..<2)
            let first = try await database.join("first")
            _ = try await database.claimAll(first)
            let second = try await database.join("second")
            _ = try await first.shards.release([FencingToken(shard: 0, owner: first.id, epoch: 1)], to: second.id)
            let taken = try await database.claimAll(second).map(\.token)
            #expect(taken == [FencingToken(shard: 0, owner: second.id, epoch: 2)])
            try await second.shards.markReady(taken)
            let history = try await database.column(
                """
                SELECT concat_ws(' ', shard, epoch, previous_name, reason, released_at <= at, at <= ready_at)
                FROM tenure.ownership ORDER BY shard, epoch
                """
            )
            #expect(history == ["0 1 vacant", "0 2 first rebalance t t", "1 1 vacant"])
        }
    }

    @Test func `only orphans are taken, each at the next epoch, and the history says from whom`() async throws {
        try await OwnershipFixture.with { database in
            try await database.keep(4)
            try await database.load(0..<3)
            let first = try await database.join("first")
            #expect(try await database.claimAll(first).count == 4)
            let second = try await database.join("second")
            #expect(try await database.claimAll(second).isEmpty)
            _ = try await first.shards.release(
                try await first.shards.owned(by: first.id).filter { $0.shard == 0 },
                to: nil
            )
            #expect(try await database.claimAll(second).map(\.token) == [.init(shard: 0, owner: second.id, epoch: 2)])
            try await database.expire(first.id)
            #expect(try await second.life.fence(first.id, by: second.id))
            #expect(try await database.claimAll(second).allSatisfy { $0.token.epoch == 2 })
            let history = try await database.column(
                """
                SELECT concat_ws(' ', shard, epoch, owner_name, coalesce(previous_owner::text, '-'), previous_name, reason,
                    fenced_reason, strategies, released_at IS NOT NULL)
                FROM tenure.ownership ORDER BY shard, epoch
                """
            )
            #expect(
                history == [
                    "0 1 first - vacant 1 f", "0 2 second \(first.id) first drain 1 t", "1 1 first - vacant 1 f",
                    "1 2 second \(first.id) first crash lease expired 1 f", "2 1 first - vacant 1 f",
                    "2 2 second \(first.id) first crash lease expired 1 f",
                ],
                "empty shards leave no trace"
            )
        }
    }

    @Test func `a claim skips what somebody has locked, says so, and waits for nobody`() async throws {
        try await OwnershipFixture.with { database in
            try await database.keep(10)
            try await database.load(0..<10)
            let replica = try await database.join("a")
            let other = try await OwnershipFixture.connect(database.url)
            try await other.withTransaction { transaction in
                try await transaction.query("SELECT FROM tenure.shards WHERE id < 3 FOR UPDATE")
                // That it is answered at all shows that it waited for nobody: the transaction goes on.
                let (claims, missed) = try await replica.shards.claim(replica.id)
                #expect(claims.map(\.token.shard).sorted() == Array(3..<10) && missed == 3)
            }
            let (claims, missed) = try await replica.shards.claim(replica.id)
            #expect(claims.count == 3 && missed == 0)
        }
    }

    @Test func `what was released to somebody is left to it while it lives, and it takes it beyond its share`()
        async throws
    {
        try await OwnershipFixture.with { database in
            try await database.keep(6)
            try await database.load(0..<6)
            let giver = try await database.join("giver")
            _ = try await database.claimAll(giver)
            let receiver = try await database.join("receiver")
            let third = try await database.join("third")
            let owned = try await giver.shards.owned(by: giver.id)
            #expect(try await giver.shards.release(owned, to: receiver.id).count == 6)
            #expect(try await database.claimAll(third).isEmpty)
            #expect(try await database.claimAll(giver).isEmpty)
            #expect(try await database.claimAll(receiver).count == 6)
            let again = try await receiver.shards.owned(by: receiver.id)
            _ = try await receiver.shards.release(again, to: giver.id)
            try await giver.life.markDraining(giver.id)
            #expect(try await database.claimAll(third).count == 3, "it leaves: nothing is kept back for it")
        }
    }

    @Test func `a hand-over to several: each claims exactly its own, what was meant for one who leaves is everybody's`()
        async throws
    {
        try await OwnershipFixture.with { database in
            try await database.keep(6)
            try await database.load(0..<6)
            let giver = try await database.join("giver")
            _ = try await database.claimAll(giver)
            let receivers = [try await database.join("b"), try await database.join("c"), try await database.join("d")]
            try await receivers[2].life.markDraining(receivers[2].id)
            let tokens = try await giver.shards.owned(by: giver.id).sorted { $0.shard < $1.shard }
            let wanted: [ReplicaID?] = [
                receivers[0].id, receivers[1].id, receivers[0].id, receivers[2].id, nil, giver.id + 99,
            ]
            let loads = try await giver.shards.loads().sorted { $0.shard.id < $1.shard.id }
            #expect(loads.map(\.shard.id) == Array(0..<6) && loads.allSatisfy { $0.epoch == 1 })
            try await giver.life.markDraining(giver.id)
            #expect(try await giver.shards.release(Array(zip(tokens, wanted))).count == 6)
            let promised = try await giver.shards.loads().map { ($0.shard.id, $0.shard.holder, $0.epoch) }
            #expect(promised.map(\.0).sorted() == [0, 1, 2] && promised.allSatisfy { $0.2 == 0 })

            func taken(_ replica: OwnershipFixture.Replica) async throws -> [Int] {
                try await replica.shards.claim(replica.id, handedOnly: true).claims.map(\.token.shard).sorted()
            }
            #expect(try await taken(receivers[2]) == [])
            #expect(try await taken(receivers[0]) == [0, 2])
            #expect(try await taken(receivers[0]) == [])
            #expect(try await taken(receivers[1]) == [1])
            #expect(try await database.claimAll(receivers[1]).count == 2, "to carry as much as the other")
            #expect(try await database.claimAll(receivers[0]).count == 1)
            #expect(
                try await database.column("SELECT DISTINCT reason FROM tenure.ownership WHERE epoch = 2") == ["drain"]
            )
        }
    }

    @Test func `a release needs the right owner at the right epoch, and says what it released`() async throws {
        try await OwnershipFixture.with { database in
            try await database.keep(3)
            let replica = try await database.join("a")
            _ = try await database.claimAll(replica)
            let tokens = [
                FencingToken(shard: 0, owner: replica.id, epoch: 1),
                FencingToken(shard: 1, owner: replica.id, epoch: 7),
            ]
            #expect(try await replica.shards.release(tokens, to: nil) == [tokens[0]])
            let foreign = [FencingToken(shard: 2, owner: replica.id + 1, epoch: 1)]
            #expect(try await replica.shards.release(foreign, to: nil) == [])
            #expect(try await replica.shards.owned(by: replica.id).map(\.shard).sorted() == [1, 2])
            #expect(try await replica.shards.release([], to: nil) == [])
        }
    }

    @Test func `empty shards are given away by number, those with strategies are not`() async throws {
        try await OwnershipFixture.with { database in
            try await database.keep(6)
            try await database.load(0..<3)
            let giver = try await database.join("giver")
            _ = try await database.claimAll(giver)
            let receiver = try await database.join("receiver")
            #expect(
                try await giver.shards.releaseEmpty(2, of: giver.id, to: receiver.id).map(\.shard).sorted() == [4, 5]
            )
            #expect(try await giver.shards.releaseEmpty(9, of: giver.id, to: receiver.id).map(\.shard) == [3])
            #expect(try await database.claimAll(receiver).count == 3)
        }
    }

    @Test func `a shard is ready when its owner says so at its epoch; one without strategies is at once`() async throws
    {
        try await OwnershipFixture.with { database in
            try await database.keep(3)
            try await database.load(0..<2)
            let replica = try await database.join("a")
            let claims = try await database.claimAll(replica)
            let ready: PostgresStatement = "SELECT id::text FROM tenure.shards WHERE ready_epoch = epoch ORDER BY id"
            #expect(try await database.column(ready) == ["2"])
            let wrong = claims.map { FencingToken(shard: $0.token.shard, owner: $0.token.owner, epoch: 9) }
            try await replica.shards.markReady(wrong)
            #expect(try await database.column(ready) == ["2"])
            try await replica.shards.markReady(claims.map(\.token).filter { $0.shard == 1 })
            #expect(try await database.column(ready) == ["1", "2"])
        }
    }

    @Test func `heartbeats bring back what everybody carries, and what nobody carries`() async throws {
        try await OwnershipFixture.with { database in
            try await database.keep(8)
            try await database.load(0..<2, strategies: 4)
            try await database.load(2..<3, strategies: 2)
            let replica = try await database.join("a")
            _ = try await database.claimAll(replica)
            let tokens = try await replica.shards.owned(by: replica.id)
            _ = try await replica.shards.release(tokens.filter { $0.shard == 1 || $0.shard == 7 }, to: nil)
            try await database.observer.query("UPDATE tenure.shards SET revision = 5 WHERE id IN (0, 1)")
            let membership = try #require(try await replica.life.renew(replica.id, ttl: .seconds(30)))
            let mine = membership.members[0].holdings
            #expect(mine.strategies == 6 && mine.loadedShards == 2 && mine.emptyShards == 4 && mine.smallestShard == 2)
            #expect(mine.epochs == Membership.Holdings.sum(epochs: [0: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1]))
            #expect(mine.revisions == 5)
            #expect(membership.orphans.strategies == 4 && membership.orphans.shards == 2)
        }
    }
}
