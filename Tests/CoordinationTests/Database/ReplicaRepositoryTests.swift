import Postgres
import TestSupport
import Testing

@testable import Coordination

/// Joining, renewing, watching, fencing, leaving: the SQL.
@Suite(.timeLimit(.minutes(5)))
struct ReplicaRepositoryTests {
    @Test func `a replica joins with its lock held and a fresh lease; ids are never used twice`() async throws {
        try await OwnershipFixture.with { database in
            let first = try await database.join("a")
            let second = try await database.join("a")
            #expect(second.id > first.id)
            let membership = try #require(
                try await first.life.renew(first.id, ttl: .seconds(600), unseen: [second.id])
            )
            #expect(membership.members.map(\.id) == [first.id, second.id])
            #expect(membership.member(second.id)?.isSeenHeld == true)
            #expect(membership.member(first.id)?.isSeenHeld == false, "not asked for")
            #expect(membership.members[1].leaseRemaining > .seconds(300))
            #expect(membership.orphans.shards == 1_024)
        }
    }

    @Test func `a heartbeat sees that a lock is free, and asks for none unless told to`() async throws {
        try await OwnershipFixture.with { database in
            let first = try await database.join("a")
            let second = try await database.join("b")
            await second.session.close()
            try await eventually {
                try await first.life.renew(first.id, ttl: .seconds(30), unseen: [second.id])?.member(second.id)?
                    .isSeenHeld
                    == false
            }
            let third = try await database.join("c")
            let membership = try await first.life.renew(first.id, ttl: .seconds(30))
            #expect(membership?.member(third.id)?.isSeenHeld == false)
        }
    }

    @Test func `a renewal moves the lease on; of a fenced row it is refused`() async throws {
        try await OwnershipFixture.with { database in
            let replica = try await database.join("a", ttl: .seconds(5))
            // The picture is the one from before the renewal.
            _ = try await replica.life.renew(replica.id, ttl: .seconds(600))
            let membership = try #require(try await replica.life.renew(replica.id, ttl: .seconds(600)))
            #expect(membership.members[0].leaseRemaining > .seconds(300))
            try await database.observer.query(
                "UPDATE tenure.replicas SET fenced_at = clock_timestamp() WHERE id = \(replica.id)"
            )
            #expect(try await replica.life.renew(replica.id, ttl: .seconds(60)) == nil)
            #expect(try await replica.life.renew(99, ttl: .seconds(60)) == nil)
        }
    }

    @Test func `a held lock is waited for as long as told, a freed one is noticed at once`() async throws {
        try await OwnershipFixture.with { database in
            let watcher = try await database.watcher()
            let victim = try await database.join("a")
            let clock = ContinuousClock()
            let start = clock.now
            let wait = Duration.milliseconds(300)
            #expect(try await database.verdict(on: victim.id, by: 1, wait: wait, watcher) == .held)
            #expect(clock.now - start >= .milliseconds(300))
            // Longer than the test may take: that it is answered at all shows that it was noticed.
            async let verdict = database.verdict(on: victim.id, by: 1, wait: .seconds(3_600), watcher)
            try await database.eventuallyWaitedFor(victim.id)
            await victim.session.close()
            #expect(try await verdict == .free)
        }
    }

    @Test func `a lock seen held and then free: its replica is fenced, by the question that finds it free, once`()
        async throws
    {
        try await OwnershipFixture.with { database in
            let fencer = try await database.join("a")
            let victim = try await database.join("b")
            let watcher = try await database.watcher()
            #expect(try await database.verdict(on: victim.id, by: fencer.id, watcher) == .held)
            async let verdict = database.verdict(on: victim.id, by: fencer.id, wait: .seconds(3_600), watcher)
            await victim.session.close()
            #expect(try await verdict == .fenced)
            #expect(try await database.verdict(on: victim.id, by: fencer.id, watcher) == .free)
            let events = try await database.column("SELECT kind || ' ' || (details ->> 'reason') FROM tenure.events")
            #expect(events == ["fenced session lost"])
            let row = try await database.column(
                "SELECT fenced_by || ' ' || fenced_reason FROM tenure.replicas WHERE id = \(victim.id)"
            )
            #expect(row == ["\(fencer.id) session lost"])
        }
    }

    @Test func `a lock never seen held, a watcher older than the session, silent or fenced itself: nobody is fenced`()
        async throws
    {
        try await OwnershipFixture.with { database in
            let fencer = try await database.join("a")
            let older = try await database.watcher()
            let victim = try await database.join("b")
            let younger = try await database.watcher()
            func answer(_ connection: WatcherConnection, seenHeld: Bool = true) async throws -> String {
                let (verdict, isYounger) = try await ReplicaRepository.watch(
                    victim.id,
                    by: fencer.id,
                    wait: .milliseconds(1),
                    seenHeld: seenHeld,
                    on: connection
                )
                return "\(verdict) \(isYounger)"
            }
            #expect(try await answer(older) == "held false")
            #expect(try await answer(younger) == "held true")
            await victim.session.close()
            try await eventually { try await answer(younger, seenHeld: false) == "free true" }
            #expect(try await answer(older) == "free false")
            try await database.expire(fencer.id)
            #expect(try await answer(younger) == "free true")
            let third = try await database.join("c")
            #expect(try await third.life.fence(fencer.id, by: third.id))
            #expect(try await answer(younger) == "free true")
            #expect(try await database.verdict(on: victim.id, by: third.id, younger) == .fenced)
        }
    }

    @Test func `a lease that was renewed forbids a fence for it, an expired one allows it, lock or no lock`()
        async throws
    {
        try await OwnershipFixture.with { database in
            let fencer = try await database.join("a")
            let victim = try await database.join("b")
            try await database.expire(victim.id)
            _ = try await victim.life.renew(victim.id, ttl: .seconds(30))
            #expect(try await !fencer.life.fence(victim.id, by: fencer.id))
            try await database.expire(victim.id)
            #expect(try await fencer.life.fence(victim.id, by: fencer.id))
            #expect(try await victim.life.renew(victim.id, ttl: .seconds(30)) == nil)
        }
    }

    @Test func `whoever is fenced fences nobody`() async throws {
        try await OwnershipFixture.with { database in
            let fencer = try await database.join("a")
            let victim = try await database.join("b")
            let third = try await database.join("c")
            try await database.expire(victim.id)
            try await database.expire(fencer.id)
            #expect(try await third.life.fence(fencer.id, by: third.id))
            #expect(try await !fencer.life.fence(victim.id, by: fencer.id))
            #expect(try await third.life.fence(victim.id, by: third.id))
        }
    }

    @Test func `many fence at once: one does it`() async throws {
        try await OwnershipFixture.with { database in
            let victim = try await database.join("victim")
            var fencers: [OwnershipFixture.Replica] = []
            for index in 0..<5 { fencers.append(try await database.join("f\(index)")) }
            try await database.expire(victim.id)
            let committed = try await withThrowingTaskGroup(of: Bool.self) { group in
                for fencer in fencers {
                    group.addTask { try await fencer.life.fence(victim.id, by: fencer.id) }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(committed == 1)
        }
    }

    @Test func `a fenced replica's connections are ended, those that its process opened later are not`() async throws {
        try await OwnershipFixture.with { database in
            let fencer = try await database.join("fencer")
            let victim = try await database.join("victim")
            let other = try await OwnershipFixture.connect(database.url, instance: "victim")
            try await database.expire(victim.id)
            #expect(try await fencer.life.fence(victim.id, by: fencer.id))
            let later = try await database.join("victim")
            try await fencer.life.endBackends(of: victim.id)
            #expect(await victim.session.waitUntilClosed() != nil)
            #expect(await other.waitUntilClosed() != nil)
            #expect(try await later.life.renew(later.id, ttl: .seconds(30)) != nil)
        }
    }

    @Test func `a session that has not ended on the server is ended by the one that takes its place`() async throws {
        try await OwnershipFixture.with { database in
            let replica = try await database.join("a")
            let other = try await database.join("b")
            let session = try await OwnershipFixture.connect(database.url, instance: "a")
            let life = ReplicaRepository(session: session)
            // It sees the lock free for a moment, and knows better than to convict.
            let watcher = try await database.watcher()
            async let verdict = database.verdict(on: replica.id, by: other.id, wait: .seconds(3_600), watcher)
            try await database.eventuallyWaitedFor(replica.id)
            #expect(try await life.takeBack(replica.id, timeout: .seconds(20)))
            #expect(await replica.session.waitUntilClosed() != nil)
            #expect(try await verdict == .free)
            #expect(try await database.verdict(on: replica.id, by: other.id, watcher) == .held)
            #expect(try await life.renew(replica.id, ttl: .seconds(30)) != nil)
        }
    }

    @Test func `while a session takes the place of another nobody convicts, and then only who began to watch later`()
        async throws
    {
        try await OwnershipFixture.with { database in
            let replica = try await database.join("a")
            let other = try await database.join("b")
            func isYounger(_ connection: WatcherConnection) async throws -> Bool {
                try await ReplicaRepository.watch(
                    replica.id,
                    by: other.id,
                    wait: .milliseconds(1),
                    seenHeld: true,
                    on: connection
                ).isYounger
            }
            // Is granted the lock in between, and keeps it for a while.
            let obstacle = try await OwnershipFixture.connect(database.url, instance: "b")
            async let granted = obstacle.query(
                """
                SELECT pg_advisory_lock_shared(tenure.session_lock_namespace(), tenure.session_lock_key(\(replica.id)))
                """
            )
            try await database.eventuallyWaitedFor(replica.id)
            let session = try await OwnershipFixture.connect(database.url, instance: "a")
            async let isBack = ReplicaRepository(session: session).takeBack(replica.id, timeout: .seconds(120))
            _ = try await granted
            try await database.eventuallyWaitedFor(replica.id)
            let between = try await database.watcher()
            #expect(try await !isYounger(between))
            try await obstacle.query("SELECT pg_advisory_unlock_all()")
            #expect(try await isBack)
            #expect(try await !isYounger(between))
            #expect(try await isYounger(database.watcher()))
        }
    }

    @Test func `the history of ownership is forgotten after 30 days, but not how a shard came to its owner`()
        async throws
    {
        try await OwnershipFixture.with { database in
            try await database.observer.query(
                """
                INSERT INTO tenure.ownership (shard, epoch, owner, owner_name, reason, at)
                SELECT 0, n, 1, 'r', 'vacant', clock_timestamp() - (34 - n) * interval '10 days' FROM generate_series(1, 33) n
                """
            )
            try await database.observer.query("UPDATE tenure.shards SET epoch = 3 WHERE id = 0")
            _ = try await database.join("a")
            let left = try await database.column("SELECT epoch::text FROM tenure.ownership ORDER BY epoch")
            #expect(left == ["3", "32", "33"])
        }
    }

    @Test func `what happened is forgotten after 30 days`() async throws {
        try await OwnershipFixture.with { database in
            try await database.observer.query(
                """
                INSERT INTO tenure.events (kind, at)
                SELECT 'day ' || n, clock_timestamp() - n * interval '1 day' FROM generate_series(35, 25, -1) n
                """
            )
            _ = try await database.join("a")
            let left = try await database.column("SELECT kind FROM tenure.events WHERE kind LIKE 'day %' ORDER BY id")
            #expect(left == ["day 29", "day 28", "day 27", "day 26", "day 25"])
        }
    }

    @Test func `what people did is not forgotten`() async throws {
        try await OwnershipFixture.with { database in
            try await database.observer.query(
                """
                INSERT INTO tenure.events (kind, at, strategy_id, details)
                SELECT 'day ' || n, clock_timestamp() - n * interval '1 day', n,
                    CASE n % 4 WHEN 0 THEN '{"by": "alice"}' WHEN 1 THEN '{"by": 7}' ELSE '{}' END::jsonb
                FROM generate_series(40, 25, -1) n
                """
            )
            _ = try await database.join("a")
            let left = try await database.column("SELECT kind FROM tenure.events WHERE kind LIKE 'day %' ORDER BY id")
            #expect(left == ["day 29", "day 28", "day 27", "day 26", "day 25"])
            let kept = try await database.column(
                "SELECT kind || ' ' || strategy_id || ' ' || (details ->> 'by') FROM tenure.audit ORDER BY id"
            )
            #expect(kept == ["day 40 40 alice", "day 36 36 alice", "day 32 32 alice"])
        }
    }

    @Test func `leaving is refused while anything is owned`() async throws {
        try await OwnershipFixture.with { database in
            try await database.keep(3)
            let replica = try await database.join("a")
            _ = try await database.claimAll(replica)
            #expect(try await !replica.life.leave(replica.id))
            #expect(try await database.column("SELECT id::text FROM tenure.replicas") == ["\(replica.id)"])
            _ = try await replica.shards.release(try await replica.shards.owned(by: replica.id), to: nil)
            #expect(try await replica.life.leave(replica.id))
            #expect(try await database.column("SELECT id::text FROM tenure.replicas") == [])
            #expect(try await replica.life.leave(replica.id), "gone is gone")
        }
    }

    @Test func `rows of replicas that were fenced long ago and own nothing are swept by whoever joins`() async throws {
        try await OwnershipFixture.with { database in
            try await database.keep(1)
            let owner = try await database.join("a")
            _ = try await database.claimAll(owner)
            let other = try await database.join("b")
            try await database.observer.query(
                "UPDATE tenure.replicas SET fenced_at = clock_timestamp() - interval '2 hours'"
            )
            let third = try await database.join("c")
            let left = try await database.column("SELECT id::text FROM tenure.replicas ORDER BY id")
            #expect(left == ["\(owner.id)", "\(third.id)"], "\(other.id) owned nothing")
        }
    }
}
