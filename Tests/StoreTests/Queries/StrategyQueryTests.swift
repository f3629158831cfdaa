import Postgres
import Store
import Testing
import Trading

@Suite("Reading strategies", .timeLimit(.minutes(5)))
struct StrategyQueryTests {
    @Test("pages of active strategies are complete, in order and without repetition, while others come and go")
    func pages() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, shards: 0..<10)
            for number in 0..<25 { _ = try await fixture.start(Symbol("COIN\(number)")!) }
            var seen: [String] = []
            var after: Int64?
            repeat {
                let page = try await fixture.queries.active(after: after, limit: 10)
                seen += page.items.map(\.symbol)
                after = page.next
                // Deleted behind and added at the end: neither moves what is still to come.
                if seen.count == 10 {
                    try await fixture.pool.query("DELETE FROM tenure.strategies WHERE symbol = 'COIN3'")
                    _ = try await fixture.start("LATE")
                }
            } while after != nil
            #expect(seen == (0..<25).map { "COIN\($0)" } + ["LATE"])
        }
    }

    @Test("a page that is exactly full and the last has no next one")
    func fullPage() async throws {
        try await DesiredStateFixture.with { fixture in
            for number in 0..<4 { _ = try await fixture.start(Symbol("COIN\(number)")!) }
            let first = try await fixture.queries.active(limit: 2)
            let second = try await fixture.queries.active(after: first.next, limit: 2)
            #expect(first.next != nil)
            #expect(second.items.map(\.symbol) == ["COIN2", "COIN3"])
            #expect(second.next == nil)
        }
    }

    @Test("filters combine")
    func filters() async throws {
        try await DesiredStateFixture.with { fixture in
            _ = try await fixture.start("BTCUSDT")
            _ = try await fixture.start("ETHUSDT")
            _ = try await fixture.desired.start(fixture.order("BTCUSDT", exchange: "other"))
            let queries = fixture.queries
            #expect(try await queries.active(symbol: "BTCUSDT", limit: 10).items.count == 2)
            #expect(try await queries.active(exchange: "binance", limit: 10).items.count == 2)
            let one = try await queries.active(symbol: "BTCUSDT", exchange: "other", status: .orphaned, limit: 10)
            #expect(one.items.map(\.exchange) == ["other"])
            #expect(try await queries.active(status: .running, limit: 10).items.isEmpty)
        }
    }

    @Test("amounts of the checkpoint come back exact")
    func amounts() async throws {
        try await DesiredStateFixture.with { fixture in
            let (id, _) = try await fixture.start("BTCUSDT")
            try await fixture.pool.query(
                """
                INSERT INTO tenure.checkpoints (strategy_id, cursor_ms, candles, state, position_e8, cost_e8,
                    last_price_e8, pnl_e8, fees_e8, trades_count)
                VALUES (\(id), 1743510600000, 7, '{}', 150000000, 9000000000001, 6000050000000, -123456789, 1, 4)
                """
            )
            let strategy = try #require(try await fixture.queries.active(id: id))
            #expect(strategy.position == "1.5")
            #expect(strategy.pnl == "-1.23456789")
            #expect(strategy.fees == "0.00000001")
            // 1.5 × 60000.5 − 90000.00000001
            #expect(strategy.unrealizedPnL == "0.74999999")
            #expect(strategy.tradesCount == 4)
            #expect(strategy.candles == 7)
            #expect(strategy.lastCandle?.description == "2025-04-01T12:30:00.000Z")
        }
    }

    @Test("orders and fills of the same moment are paged without losing or repeating one")
    func ties() async throws {
        try await DesiredStateFixture.with { fixture in
            let (id, shard) = try await fixture.start("BTCUSDT")
            try await fixture.pool.query(
                """
                INSERT INTO tenure.orders (client_order_id, strategy_id, exchange, symbol, execution, side, effect,
                    quantity_e8, reason, status, decided_on_ms, shard, epoch, created_at)
                SELECT 'order-' || n, \(id), 'binance', 'BTCUSDT', 'paper', 'buy', 'entry', 100000000, 'cross', 'filled',
                    1743510600000, \(Int32(shard)), 1, timestamptz '2025-04-01 12:00:00.123456+00'
                FROM generate_series(1, 7) n
                """
            )
            try await fixture.pool.query(
                """
                INSERT INTO tenure.fills (exchange, symbol, trade_id, client_order_id, strategy_id, side, price_e8,
                    quantity_e8, fee_e8, time_ms)
                SELECT 'binance', 'BTCUSDT', 'trade-' || n, 'order-' || n, \(id), 'buy', 6000050000000, 100000000, 12, 5
                FROM generate_series(1, 7) n
                """
            )
            var orders: [String] = []
            var orderPosition: ListedOrder.Position?
            repeat {
                let page = try await fixture.queries.orders(of: id, before: orderPosition, limit: 3)
                orders += page.items.map(\.clientOrderID)
                orderPosition = page.next
            } while orderPosition != nil
            #expect(orders == (1...7).reversed().map { "order-\($0)" })
            var fills: [String] = []
            var fillPosition: ListedFill.Position?
            repeat {
                let page = try await fixture.queries.fills(of: id, before: fillPosition, limit: 3)
                fills += page.items.map(\.tradeID)
                fillPosition = page.next
            } while fillPosition != nil
            #expect(fills == (1...7).reversed().map { "trade-\($0)" })
        }
    }

    @Test("the changes of owner since the start are listed, and none from before")
    func ownership() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, shards: 0..<1)
            let (id, _) = try await fixture.start("BTCUSDT")
            try await fixture.pool.query(
                """
                INSERT INTO tenure.ownership (shard, epoch, owner, owner_name, previous_owner, reason) VALUES
                    (0, 0, 9, 'before', NULL, 'vacant'), (0, 2, 5, 'beta', 1, 'crash'), (0, 3, 6, 'gamma', 5, 'handover'),
                    (7, 1, 6, 'gamma', NULL, 'vacant')
                """
            )
            let changes = try await fixture.queries.ownership(of: id, limit: 10).items
            #expect(changes.map(\.epoch) == [3, 2])
            #expect(changes.map(\.owner.name) == ["gamma", "beta"])
            #expect(changes.map(\.previousOwner?.id) == [5, 1])
            #expect(try await fixture.queries.ownership(replica: 5, limit: 10).items.map(\.epoch) == [3, 2])
            // All of them, page by page, latest first.
            var found: [Int] = []
            var position: OwnershipChange.Position?
            repeat {
                let page = try await fixture.queries.ownership(before: position, limit: 1)
                found += page.items.map(\.shard)
                position = page.next
            } while position != nil
            #expect(found == [7, 0, 0, 0])
        }
    }

    @Test("replicas are listed with what they carry; fenced ones for an hour")
    func replicas() async throws {
        try await DesiredStateFixture.with { fixture in
            try await fixture.addReplica(1, name: "alpha", capacity: 50, shards: 0..<3)
            try await fixture.addReplica(2, name: "beta", draining: true, shards: 3..<4)
            try await fixture.addReplica(3, name: "gamma", life: .expired, shards: 4..<5)
            try await fixture.addReplica(4, name: "delta", fenced: true, shards: 5..<6)
            try await fixture.addReplica(5, name: "old", fenced: true, shards: 6..<6)
            try await fixture.pool.query(
                "UPDATE tenure.replicas SET fenced_at = fenced_at - interval '2 hours' WHERE id = 5"
            )
            for number in 0..<4 { _ = try await fixture.start(Symbol("COIN\(number)")!) }
            let replicas = try await fixture.queries.replicas()
            #expect(replicas.map(\.name) == ["alpha", "beta", "gamma", "delta"])
            #expect(replicas.map(\.status) == [.live, .draining, .expired, .fenced])
            #expect(replicas.map(\.strategies) == [4, 0, 0, 0])
            #expect(replicas.map(\.shards) == [3, 1, 1, 1])
            #expect(replicas[0].capacity == 50)
            #expect((1...3_600_000).contains(replicas[0].leaseRemainingMilliseconds))
            #expect(replicas[2].leaseRemainingMilliseconds < 0)
            #expect(replicas[3].fencing?.reason == "session lost")
        }
    }
}
