import Postgres
import TestSupport
import Testing
import Trading

@testable import Store

@Suite("Starting a strategy", .timeLimit(.minutes(5)))
struct StartTests {
    @Test("records it complete, in a shard of the live replica, with the shard's epoch, an event and a higher revision")
    func records() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, name: "alpha", shards: 0..<10)
            let (id, shard) = try await fixture.start("BTCUSDT")
            let strategy = try #require(try await fixture.queries.active(id: id))
            #expect(strategy.symbol == "BTCUSDT")
            #expect(strategy.exchange == "binance")
            #expect(strategy.strategyType == "scalp")
            #expect(strategy.interval == "1m")
            #expect(strategy.execution == "paper")
            #expect(strategy.config == #"{"quantity": "0.1"}"#)
            #expect(strategy.status == .starting)
            #expect(strategy.owner == Owner(id: 1, name: "alpha"))
            #expect(strategy.shard == shard)
            #expect(strategy.epoch == 1)
            #expect(strategy.restores == 0)
            let revision = try await fixture.number("SELECT revision FROM tenure.shards WHERE id = \(shard)")
            #expect(revision == 1)
            let epoch = try await fixture.number("SELECT start_epoch FROM tenure.strategies WHERE id = \(id)")
            #expect(epoch == 1)
            let events = try await fixture.queries.events(of: id, limit: 10).items
            #expect(events.map(\.kind) == ["started"])
            #expect(events[0].details.contains(#""symbol": "BTCUSDT""#))
        }
    }

    @Test("is refused with the running one if the market is taken")
    func taken() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, shards: 0..<10)
            let (id, _) = try await fixture.start("BTCUSDT")
            guard case .taken(let running) = try await fixture.desired.start(fixture.order("BTCUSDT")) else {
                Issue.record("started twice")
                return
            }
            #expect(running.id == id)
            // Another exchange is another market.
            let other = try await fixture.desired.start(fixture.order("BTCUSDT", exchange: "other"))
            guard case .started = other else {
                Issue.record("the other exchange is refused")
                return
            }
            #expect(try await fixture.wrongCounts() == 0)
        }
    }

    @Test("of hundreds of simultaneous identical starts exactly one wins, and the others are told of it")
    func identicalStarts() async throws {
        try await DesiredStateFixture.with(connections: 8) { fixture in
            try await fixture.addReplica(1, shards: 0..<100)
            let ids = try await withThrowingTaskGroup(of: (started: Int64?, taken: Int64?).self) { group in
                for _ in 0..<300 {
                    group.addTask {
                        switch try await fixture.desired.start(fixture.order("ETHUSDT")) {
                        case .started(let strategy): (strategy.id, nil)
                        case .taken(let running): (nil, running.id)
                        case .repeated: (nil, nil)
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let started = ids.compactMap(\.started)
            #expect(started.count == 1)
            #expect(Set(ids.compactMap(\.taken)) == Set(started))
            #expect(try await fixture.wrongCounts() == 0)
            #expect(try await fixture.number("SELECT sum(strategies) FROM tenure.shards") == 1)
            #expect(try await fixture.number("SELECT sum(revision)::bigint FROM tenure.shards") == 1)
        }
    }

    @Test("what is told of it is what is there")
    func told() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, name: "alpha", shards: 0..<10)
            guard case .started(let strategy) = try await fixture.desired.start(fixture.order("BTCUSDT")) else {
                Issue.record("not started")
                return
            }
            let found = try #require(try await fixture.queries.active(id: strategy.id))
            #expect(String(describing: strategy) == String(describing: found))
        }
    }

    @Test("one that cannot be stored spoils none that comes at the same moment")
    func unstorable() async throws {
        try await DesiredStateFixture.with(connections: 8) { fixture in
            try await fixture.addReplica(1, shards: 0..<100)
            let outcomes = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        var order = fixture.order(Symbol("COIN\(number)")!)
                        // No text in the database has this character.
                        if number % 10 == 0 { order.config = .object(["name": .string("\0")]) }
                        do {
                            guard case .started = try await fixture.desired.start(order) else { return false }
                            return true
                        } catch let error as PostgresError where error.code == .server {
                            return false
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(outcomes.count { $0 } == 90)
            #expect(try await fixture.number("SELECT count(*) FROM tenure.strategies") == 90)
            #expect(try await fixture.wrongCounts() == 0)
        }
    }

    @Test(
        "two statements that want the same markets, or have the same keys, in opposite orders never wait for each other",
        arguments: [true, false]
    )
    func crossing(byKey: Bool) async throws {
        try await DesiredStateFixture.with(connections: 4) { fixture in
            try await fixture.addReplica(1, shards: 0..<100)
            let keys = (0..<3).map { IdempotencyKey(sender: "alice", key: "\($0)", request: "start") }
            for key in keys where byKey {
                _ = try await IdempotencyRepository(database: fixture.pool).enter(key)
            }
            func starts(_ numbers: [Int], _ name: String) -> [PendingStart] {
                numbers.map { number in
                    byKey
                        ? PendingStart(order: fixture.order(Symbol("\(name)\(number)")!), key: keys[number])
                        : PendingStart(order: fixture.order(Symbol("COIN\(number)")!), key: nil)
                }
            }
            let (first, second) = (starts([0, 1, 2], "AHEAD"), starts([2, 1, 0], "BACK"))
            // The one in the middle is somebody else's until both wait.
            try await fixture.pool.withConnection { blocker in
                try await blocker.query("BEGIN")
                if byKey {
                    try await blocker.query("SELECT FROM tenure.idempotency_keys WHERE key = '1' FOR UPDATE")
                } else {
                    try await blocker.query(
                        """
                        INSERT INTO tenure.strategies (symbol, exchange, strategy_type, interval, execution, config,
                            shard, start_epoch) VALUES ('COIN1', 'binance', 'scalp', '1m', 'paper', '{}', 0, 1)
                        """
                    )
                }
                try await fixture.pool.withConnection { one in
                    try await fixture.pool.withConnection { other in
                        async let ahead = DesiredStateRepository.place(first, one, nil)
                        try await lockWaiters(1, seenBy: blocker)
                        async let back = DesiredStateRepository.place(second, other, nil)
                        try await lockWaiters(2, seenBy: blocker)
                        try await blocker.query("DELETE FROM tenure.strategies WHERE symbol = 'COIN1'")
                        try await blocker.query("COMMIT")
                        _ = try await (ahead, back)
                    }
                }
            }
            #expect(try await fixture.number("SELECT count(*) FROM tenure.strategies") == 3)
            #expect(try await fixture.wrongCounts() == 0)
        }
    }

    @Test("hundreds of simultaneous different starts share shards and replicas evenly, by capacity")
    func differentStarts() async throws {
        try await DesiredStateFixture.with(connections: 8) { fixture in
            try await fixture.addReplica(1, capacity: 100, shards: 0..<300)
            try await fixture.addReplica(2, capacity: 200, shards: 300..<600)
            try await fixture.addReplica(3, capacity: 100, shards: 600..<900)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<400 {
                    group.addTask { _ = try await fixture.start(Symbol("COIN\(number)")!) }
                }
                try await group.waitForAll()
            }
            #expect(try await fixture.wrongCounts() == 0)
            let counts = try await fixture.strategiesByOwner()
            // Exactly 100, 200, 100 one after the other; at the same moment, each sees the counts of a moment ago.
            #expect(abs((counts[1] ?? 0) - 100) <= 8)
            #expect(abs((counts[2] ?? 0) - 200) <= 8)
            #expect(abs((counts[3] ?? 0) - 100) <= 8)
            // With fewer strategies than shards each has its own.
            #expect(try await fixture.number("SELECT max(strategies)::bigint FROM tenure.shards") == 1)
        }
    }

    @Test("simultaneous starts give no replica more than it has room for; what is too much waits in shards of its own")
    func simultaneousBeyondCapacity() async throws {
        try await DesiredStateFixture.with(connections: 8) { fixture in
            try await fixture.addReplica(1, capacity: 4, shards: 0..<64)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<7 {
                    group.addTask { _ = try await fixture.start(Symbol("COIN\(number)")!) }
                }
                try await group.waitForAll()
            }
            #expect(try await fixture.wrongCounts() == 0)
            #expect(try await fixture.strategiesByOwner()[1] == 4)
            #expect(try await fixture.number("SELECT max(strategies)::bigint FROM tenure.shards") == 1)
        }
    }

    @Test("starts and stops at the same time keep the counts of the shards right")
    func startsAndStops() async throws {
        try await DesiredStateFixture.with(connections: 8) { fixture in
            // Two shards only, so that everything meets.
            try await fixture.addReplica(1, shards: 0..<2)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask {
                        let symbol = Symbol("COIN\(number)")!
                        let (id, _) = try await fixture.start(symbol)
                        _ = try await fixture.desired.setPaused(symbol: symbol, exchange: "binance", true)
                        _ = try await fixture.desired.requestStop(
                            symbol: symbol,
                            exchange: "binance",
                            reason: "done",
                            positions: .keep
                        )
                        // What an owner does when it finishes a strategy, in one statement.
                        if number % 2 == 0 {
                            try await fixture.pool.query(
                                """
                                WITH h AS MATERIALIZED (
                                    SELECT h.id FROM tenure.shards h JOIN tenure.strategies s ON s.shard = h.id
                                    WHERE s.id = \(id) FOR NO KEY UPDATE OF h
                                ), gone AS (
                                    DELETE FROM tenure.strategies s USING h WHERE s.id = \(id) RETURNING s.shard
                                )
                                UPDATE tenure.shards h SET strategies = h.strategies - 1 FROM gone
                                WHERE h.id = gone.shard
                                """
                            )
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await fixture.wrongCounts() == 0)
            #expect(try await fixture.number("SELECT sum(strategies) FROM tenure.shards") == 50)
            // Each start, pause and stop raised it by one.
            #expect(try await fixture.number("SELECT sum(revision)::bigint FROM tenure.shards") == 300)
        }
    }

    @Test("goes to the least loaded replica for its capacity, and there to the emptiest shard")
    func leastLoaded() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, capacity: 10, shards: 0..<2)
            try await fixture.addReplica(2, capacity: 30, shards: 2..<4)
            for number in 0..<8 { _ = try await fixture.start(Symbol("COIN\(number)")!) }
            #expect(try await fixture.strategiesByOwner() == [1: 2, 2: 6])
            let shards = try await fixture.pool.query(
                "SELECT strategies FROM tenure.shards WHERE id < 4 ORDER BY id"
            )
            let counts: [Int32] = try shards.map { try $0.decode(Int32.self) }
            #expect(counts == [1, 1, 3, 3])
        }
    }

    @Test("passes over replicas that are fenced, expired or draining while there is a better one")
    func onlyLiveOnes() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, fenced: true, shards: 0..<10)
            try await fixture.addReplica(2, life: .expired, shards: 10..<20)
            try await fixture.addReplica(3, draining: true, shards: 20..<30)
            try await fixture.addReplica(4, shards: 30..<32)
            for number in 0..<20 { _ = try await fixture.start(Symbol("COIN\(number)")!) }
            #expect(try await fixture.strategiesByOwner() == [4: 20])
        }
    }

    @Test("that no replica has room for is an orphan, in an empty shard that its owner has no longer")
    func noRoom() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, capacity: 2, shards: 0..<512)
            try await fixture.addReplica(2, capacity: 1, shards: 512..<1_024)
            for symbol in ["A", "B", "C", "D", "E"] {
                guard case .started = try await fixture.desired.start(fixture.order(Symbol(symbol)!)) else {
                    Issue.record("\(symbol) was not started")
                    return
                }
            }
            #expect(try await fixture.strategiesByOwner() == [1: 2, 2: 1, 0: 2])
            let orphans = try await fixture.queries.active(status: .orphaned, limit: 10).items
            #expect(orphans.map(\.symbol) == ["D", "E"])
            // Whoever claims it is its first owner.
            #expect(orphans.allSatisfy { $0.restores == 0 })
            let rows = try await fixture.pool.query(
                """
                SELECT count(*) FROM tenure.strategies s JOIN tenure.shards h ON h.id = s.shard
                WHERE s.start_epoch = h.epoch + CASE WHEN h.owner IS NULL THEN 1 ELSE 0 END
                """
            )
            #expect(try rows[0].decode(Int.self) == 5)
        }
    }

    @Test("without any live replica goes to the emptiest shard, for the epoch after the next claim")
    func noReplica() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, life: .expired, shards: 0..<1024)
            for number in 0..<3 { _ = try await fixture.start(Symbol("COIN\(number)")!) }
            #expect(try await fixture.number("SELECT max(strategies)::bigint FROM tenure.shards") == 1)
            #expect(try await fixture.number("SELECT min(start_epoch) FROM tenure.strategies") == 2)
            let strategy = try #require(try await fixture.queries.active(exchange: "binance", symbol: "COIN0"))
            #expect(strategy.status == .suspended)
            #expect(strategy.restores == 0)
        }
    }

    @Test("on an empty cluster is an orphan until somebody claims it")
    func emptyCluster() async throws {
        try await DesiredStateFixture.with { fixture in
            let (id, _) = try await fixture.start("BTCUSDT")
            let strategy = try #require(try await fixture.queries.active(id: id))
            #expect(strategy.status == .orphaned)
            #expect(strategy.owner == nil)
            #expect(try await fixture.number("SELECT start_epoch FROM tenure.strategies") == 1)
        }
    }

    @Test("waits for a shard if all of them are locked by others, and then uses what it finds")
    func allLocked() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, shards: 0..<1)
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await fixture.pool.withTransaction { transaction in
                    try await transaction.query("UPDATE tenure.shards SET epoch = 7 WHERE id = 0")
                    group.addTask { _ = try await fixture.start("BTCUSDT") }
                    // Committed once the start is seen waiting for the row.
                    try await lockWaiters(1, seenBy: transaction)
                }
                try await group.waitForAll()
            }
            // The epoch is the one under the lock, not that of the snapshot.
            #expect(try await fixture.number("SELECT start_epoch FROM tenure.strategies") == 7)
            #expect(try await fixture.wrongCounts() == 0)
        }
    }

    @Test("passes over a shard whose owner changes while it waits")
    func ownerChanges() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, shards: 0..<1)
            try await fixture.addReplica(2, life: .expired, shards: 1..<2)
            // The second choice, for it has hardly any capacity.
            try await fixture.addReplica(3, capacity: 1, shards: 2..<3)
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await fixture.pool.withTransaction { transaction in
                    try await transaction.query(
                        """
                        UPDATE tenure.shards SET owner = CASE id WHEN 0 THEN 2 ELSE owner END, epoch = epoch + 1
                        WHERE id IN (0, 2)
                        """
                    )
                    group.addTask { _ = try await fixture.start("BTCUSDT") }
                    try await lockWaiters(1, seenBy: transaction)
                }
                try await group.waitForAll()
            }
            #expect(try await fixture.strategiesByOwner() == [3: 1])
            #expect(try await fixture.number("SELECT start_epoch FROM tenure.strategies") == 2)
            #expect(try await fixture.wrongCounts() == 0)
        }
    }
}
