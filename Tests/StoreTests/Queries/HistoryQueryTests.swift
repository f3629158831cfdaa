import Postgres
import Store
import Testing
import Trading

@Suite("Reading the history", .timeLimit(.minutes(5)))
struct HistoryQueryTests {
    private func stop(_ number: Int64, _ symbol: String, in fixture: DesiredStateFixture) async throws {
        try await fixture.pool.query(
            """
            INSERT INTO tenure.strategy_history (strategy_id, symbol, strategy_type, exchange, interval, execution, config,
                started_at, reason, pnl, fees, trades_count, position, candles, restores)
            VALUES (\(number), \(symbol), 'scalp', 'binance', '1m', 'paper', '{"a": 1}', clock_timestamp(), 'user_stopped',
                -12.50000000, 0.10, 3, 0, 9, 1)
            """
        )
    }

    @Test("is paged from the latest, for all symbols or for one")
    func pages() async throws {
        try await DesiredStateFixture.with { fixture in
            for number in 1...6 { try await stop(Int64(number), number % 2 == 0 ? "EVEN" : "ODD", in: fixture) }
            let first = try await fixture.queries.history(limit: 4)
            #expect(first.items.map(\.strategyID) == [6, 5, 4, 3])
            let second = try await fixture.queries.history(before: first.next, limit: 4)
            #expect(second.items.map(\.strategyID) == [2, 1])
            #expect(second.next == nil)
            let even = try await fixture.queries.history(HistorySelection(symbol: "EVEN"), limit: 2)
            #expect(even.items.map(\.strategyID) == [6, 4])
            let rest = try await fixture.queries.history(HistorySelection(symbol: "EVEN"), before: even.next, limit: 2)
            #expect(rest.items.map(\.strategyID) == [2])
        }
    }

    @Test("one record is found by its strategy's id, with exact amounts")
    func one() async throws {
        try await DesiredStateFixture.with { fixture in
            try await stop(42, "BTCUSDT", in: fixture)
            let record = try #require(try await fixture.queries.stopped(id: 42))
            #expect(record.symbol == "BTCUSDT")
            #expect(record.pnl == "-12.5")
            #expect(record.fees == "0.1")
            #expect(record.config == #"{"a": 1}"#)
            #expect(record.lastCandle == nil)
            #expect(try await fixture.queries.stopped(id: 43) == nil)
            #expect(try await fixture.queries.exists(id: 42))
            #expect(try await !fixture.queries.exists(id: 43))
        }
    }
}
