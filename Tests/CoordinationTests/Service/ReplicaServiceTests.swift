import Postgres
import TestSupport
import Testing

@testable import Coordination

/// Whole replicas against a real PostgreSQL.
@Suite(.timeLimit(.minutes(5)))
struct ReplicaServiceTests {
    @Test func `replicas share everything; one that joins gets its share`() async throws {
        try await ServiceFixture.with { cluster in
            try await cluster.withReplicas(["a", "b"]) { replicas in
                let third = cluster.start("c")
                try await cluster.settled(replicas + [third])
                #expect(third.host.tokens.count { $0.shard < 30 } == 10)
                await third.kill()
                try await cluster.settled(replicas)
            }
        }
    }

    @Test func `a crash: the neighbour fences, takes over and runs it, at the next epoch`() async throws {
        try await ServiceFixture.with { cluster in
            try await cluster.withReplicas(["a", "b"]) { replicas in
                // The neighbour has to have seen its lock held.
                try await cluster.renewals(3, of: replicas[0])
                let lost = replicas[1].host.tokens
                await replicas[1].kill()
                try await cluster.settled([replicas[0]])
                let epochs = Dictionary(uniqueKeysWithValues: replicas[0].host.tokens.map { ($0.shard, $0.epoch) })
                for token in lost { #expect(epochs[token.shard] == token.epoch + 1) }
                let reasons = try await cluster.query(
                    "SELECT fenced_reason FROM tenure.replicas WHERE fenced_at IS NOT NULL"
                ).map { try $0.decode(String.self) }
                #expect(reasons == ["session lost"])
            }
        }
    }

    @Test func `what a dead replica has locked is taken from it: whoever fences ends its other connections`()
        async throws
    {
        try await ServiceFixture.with { cluster in
            try await cluster.withReplicas(["a", "b"]) { replicas in
                try await cluster.renewals(3, of: replicas[0])
                let shard = try #require(replicas[1].host.tokens.first).shard
                // Stopped in the middle of a transaction, and nothing else ends it.
                let stuck = try await OwnershipFixture.connect(cluster.url, instance: "b")
                // Ends in an error, as its connection is closed.
                _ = try? await stuck.withTransaction { transaction in
                    try await transaction.query("SELECT FROM tenure.shards WHERE id = \(shard) FOR UPDATE")
                    await replicas[1].kill()
                    try await eventually { stuck.isClosed }
                }
                #expect(stuck.isClosed)
                try await cluster.settled([replicas[0]])
            }
        }
    }

    @Test func `two neighbours crash at once: the one that is left takes it all, long before a lease is over`()
        async throws
    {
        try await ServiceFixture.with { cluster in
            let lease = LeaseConfiguration(ttl: .seconds(3_600), heartbeatInterval: .milliseconds(200))
            let replicas = ["a", "b", "c"].map { cluster.start($0, lease: lease) }
            try await cluster.settled(replicas)
            // The survivor has to have seen both locks held, by watching or at a heartbeat.
            try await cluster.renewals(3, of: replicas[2])
            replicas[0].run.cancel()
            replicas[1].run.cancel()
            try await cluster.settled([replicas[2]])
            for replica in replicas { await replica.kill() }
        }
    }

    @Test func `a session is ended: its replica is back, or is another one; every shard is run exactly once`()
        async throws
    {
        try await ServiceFixture.with { cluster in
            try await cluster.withReplicas(["a", "b", "c"]) { replicas in
                for replica in replicas {
                    let id = try #require(replica.id)
                    try await cluster.query(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_locks
                        WHERE locktype = 'advisory' AND objid = \(id)::bigint::oid AND granted AND mode = 'ExclusiveLock'
                            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                        """
                    )
                    try await eventually("it is a member again") {
                        let rows = try await cluster.query("SELECT id FROM tenure.replicas WHERE fenced_at IS NULL")
                        let live = try rows.map { try $0.decode(Int64.self) }
                        return live.count == 3 && Set(replicas.compactMap(\.id)) == Set(live)
                    }
                    try await cluster.settled(replicas)
                }
            }
        }
    }

    @Test func `fenced by somebody: it abandons everything, and joins again as another`() async throws {
        try await ServiceFixture.with { cluster in
            try await cluster.withReplicas(["a", "b"]) { replicas in
                let before = try #require(replicas[0].id)
                let owned = replicas[0].host.tokens
                try await cluster.query(
                    "UPDATE tenure.replicas SET fenced_at = clock_timestamp() WHERE id = \(before)"
                )
                try await eventually("it is another replica") { replicas[0].id.map { $0 > before } ?? false }
                #expect(owned.isSubset(of: Set(replicas[0].host.now.abandoned)))
                try await cluster.settled(replicas)
            }
        }
    }

    @Test
    func
        `a giver stops nothing before the receiver is ready, and then a few shards at a time, which have to run first`()
        async throws
    {
        try await ServiceFixture.with { cluster in
            var limits = HandOverLimits()
            limits.shards = 4
            // What is not waited for is seen; what is, for as long as it takes.
            (limits.preparation, limits.patience, limits.wholePatience) = (.seconds(900), .seconds(900), .seconds(900))
            let giver = cluster.start("a", limits: limits)
            try await cluster.settled([giver])
            let receiver = cluster.start("b", host: RecordingHost(prepares: false), limits: limits)
            try await eventually("it is told what will come") { receiver.host.now.expected.count == 15 }
            func given() async throws -> Int {
                try await cluster.renewals(2, of: giver)
                return giver.host.now.settled.count { $0.shard < 30 }
            }
            #expect(try await given() == 0)
            receiver.host.prepare()
            let connection = try await OwnershipFixture.connect(cluster.url)
            var marked: Set<FencingToken> = []
            for count in [4, 8, 12, 15] {
                try await eventually("\(count) have come") {
                    receiver.host.tokens.count { $0.shard < 30 } == count
                }
                #expect(try await given() == count)
                let new = receiver.host.tokens.filter { $0.shard < 30 }.subtracting(marked)
                try await ShardRepository(connection).markReady(Array(new))
                marked.formUnion(new)
            }
            await connection.close()
            try await cluster.settled([giver, receiver])
            for replica in [giver, receiver] { await replica.kill() }
        }
    }

    @Test func `a drain hands everything over, deletes the row and ends`() async throws {
        try await ServiceFixture.with { cluster in
            try await cluster.withReplicas(["a", "b"]) { replicas in
                replicas[1].service.drain()
                replicas[1].service.drain()
                try await replicas[1].run.value
                #expect(replicas[1].service.status == .stopped && !replicas[1].service.isTrusted)
                // How many it had depends on how far the two had shared out; that all are taken over is seen below.
                #expect(!replicas[1].host.now.settled.isEmpty)
                // And of all with strategies the receiver had been told before.
                let moved = try await cluster.query("SELECT shard FROM tenure.ownership WHERE reason = 'drain'")
                    .map { try $0.decode(Int.self) }
                #expect(!moved.isEmpty && replicas[0].host.now.expected.isSuperset(of: moved))
                try await cluster.settled([replicas[0]])
                let left = try await cluster.query("SELECT name FROM tenure.replicas").map {
                    try $0.decode(String.self)
                }
                #expect(left == ["a"])
                let crashes = try await cluster.query("SELECT FROM tenure.ownership WHERE reason = 'crash'")
                #expect(crashes.isEmpty)
            }
        }
    }

    @Test func `a mark on its row makes a replica drain`() async throws {
        try await ServiceFixture.with { cluster in
            try await cluster.withReplicas(["a", "b"]) { replicas in
                try await cluster.query("UPDATE tenure.replicas SET draining = true WHERE name = 'b'")
                try await replicas[1].run.value
                try await cluster.settled([replicas[0]])
            }
        }
    }

    @Test func `the last one drains: everything is left to whoever comes`() async throws {
        try await ServiceFixture.with { cluster in
            let first = cluster.start("a")
            try await cluster.settled([first])
            first.service.drain()
            try await first.run.value
            #expect(try await cluster.owners().isEmpty)
            let second = cluster.start("b")
            try await cluster.settled([second])
            await second.kill()
        }
    }

    @Test func `a drain that does not settle keeps its lease until its process ends, and is then taken over`()
        async throws
    {
        try await ServiceFixture.with { cluster in
            let stubborn = cluster.start("a", host: RecordingHost(settles: false))
            try await cluster.settled([stubborn])
            let other = cluster.start("b")
            try await eventually("it is there") { other.id != nil }
            // It has to have seen the other's lock held; else it would wait for the lease to run out.
            try await cluster.renewals(3, of: other)
            stubborn.service.drain()
            try await eventually("it drains") { stubborn.service.status == .draining }
            #expect(stubborn.service.isTrusted)
            await stubborn.kill()
            try await cluster.settled([other])
            await other.kill()
        }
    }

    @Test func `a drain that is asked for by a notification begins at once, long before the next heartbeat`()
        async throws
    {
        try await ServiceFixture.with { cluster in
            let lease = LeaseConfiguration(ttl: .seconds(3_600), heartbeatInterval: .seconds(1_200))
            let replica = cluster.start("a", lease: lease)
            try await eventually("it is there") { replica.id != nil }
            let id = try #require(replica.id)
            try await cluster.query("UPDATE tenure.replicas SET draining = true WHERE id = \(id)")
            try await cluster.query("SELECT pg_notify('tenure', 'drain ' || \(id + 1))")
            try await cluster.query("SELECT pg_notify('tenure', 'drain ' || \(id))")
            try await replica.run.value
            #expect(try await cluster.query("SELECT FROM tenure.replicas").isEmpty)
        }
    }
}
