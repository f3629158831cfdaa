import LocalCluster
import Postgres
import TestSupport
import Testing

@testable import Coordination

/// A standby without the last commits takes the primary's place: ids and epochs would be given out a second time, if the
/// timeline were not a part of them.
@Suite(.timeLimit(.minutes(5)))
struct FailoverTests {
    @Test func `who joined under the old timeline changes nothing under the new one, even where its rows survived`()
        async throws
    {
        try await OwnershipFixture.withServer { database, primary in
            try await database.keep(4)
            try await database.load(0..<2)
            let before = try await database.join("before")
            #expect(try await database.claimAll(before).count == 4)
            try await withStandby(of: primary) { standby in
                // Lost: another joins, the first is fenced, its shards are claimed.
                let lost = try await database.join("lost")
                try await database.expire(before.id)
                #expect(try await lost.life.fence(before.id, by: lost.id))
                #expect(try await database.claimAll(lost).count == 4)
                await primary.stop(.immediate)
                try await standby.promote()
                let after = try await OwnershipFixture.on(standby.server)

                // Both come back under the ids that they know.
                let sessions = [
                    try await after.session(before.id, "before"), try await after.session(lost.id, "lost"),
                ]
                for replica in sessions {
                    #expect(try await !replica.life.takeBack(replica.id, timeout: .seconds(20)))
                    #expect(try await replica.life.renew(replica.id, ttl: .seconds(30)) == nil)
                    #expect(try await replica.shards.claim(replica.id).claims.isEmpty)
                    let tokens = (0..<4).map { FencingToken(shard: $0, owner: replica.id, epoch: 1) }
                    #expect(try await replica.shards.release(tokens, to: nil) == [])
                    #expect(try await replica.shards.releaseEmpty(9, of: replica.id, to: lost.id) == [])
                    try await replica.shards.markReady(tokens)
                }
                let rows = "SELECT concat_ws(' ', owner, epoch, ready_epoch) FROM tenure.shards ORDER BY id"
                #expect(
                    try await after.column("\(raw: rows)") == [
                        "\(before.id) 1 0", "\(before.id) 1 0", "\(before.id) 1 1", "\(before.id) 1 1",
                    ]
                )

                // The number that the lost one had is given out again, but not its id.
                let new = try await after.join("new")
                #expect(new.id == 10_000_000_000 + lost.id)
                // It has the lost one's lock; that is not to be taken from it.
                #expect(try await !sessions[1].life.takeBack(lost.id, timeout: .seconds(20)))
                #expect(try await new.life.renew(new.id, ttl: .seconds(30)) != nil)

                // The old row's free lock proves nothing: its session was elsewhere. It keeps its shards for its lease.
                let watcher = try await after.watcher()
                #expect(try await after.verdict(on: before.id, by: new.id, watcher) == .free)
                #expect(try await after.claimAll(new).isEmpty)
                try await after.expire(before.id)
                #expect(try await after.verdict(on: new.id, by: before.id, watcher) == .held)
                #expect(try await new.life.fence(before.id, by: new.id))
                #expect(try await after.claimAll(new).map(\.token.epoch) == [2, 2, 2, 2])

                // And nothing that the old one's process has here is ended for it.
                try await new.life.endBackends(of: before.id)
                #expect(try await sessions[0].session.query("SELECT 1").count == 1)
                for replica in sessions + [new] { await replica.session.close() }
                await after.observer.close()
            }
        }
    }

    @Test func `whole replicas: all join anew on the promoted server, and share everything there`() async throws {
        let port = try LoopbackPort.free()
        try await ServiceFixture.withServer(alternative: port) { cluster, primary in
            let first = cluster.start("a", lease: ServiceFixture.shortLease)
            try await cluster.settled([first])
            try await withStandby(of: primary, port: port) { standby in
                let before = first.host.tokens
                // Lost: two more join and get their shares, and one of them takes over from the first.
                let second = cluster.start("b", lease: ServiceFixture.shortLease)
                let third = cluster.start("c", lease: ServiceFixture.shortLease)
                try await cluster.settled([first, second, third])
                let old = [first, second, third].compactMap(\.id)
                await primary.stop(.immediate)
                try await standby.promote()

                let replicas = [first, second, third]
                try await cluster.settled(replicas)
                let ids = replicas.compactMap(\.id)
                #expect(ids.allSatisfy { $0 > 10_000_000_000 } && Set(ids).count == 3)
                let areNew = replicas.map { $0.host.tokens.isDisjoint(with: before) }
                #expect(areNew == [true, true, true])
                let fenced = try await cluster.query(
                    "SELECT id, fenced_reason FROM tenure.replicas WHERE fenced_at IS NOT NULL"
                ).map { try $0.decode(Int64.self, String.self) }
                // Of the three only the first had a row that survived. It was left to its lease.
                #expect(fenced.map(\.0) == [old[0]] && fenced.map(\.1) == ["lease expired"])
                for replica in replicas { await replica.kill() }
            }
        }
    }
}
