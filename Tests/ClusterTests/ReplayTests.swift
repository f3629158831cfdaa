import LocalCluster
import TestSupport
import Testing
import Trading

/// The heart of it: recorded candles, real processes, kills in the middle – and the same trades to the last digit.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ReplayTests {
    struct Recording: Sendable, CustomTestStringConvertible {
        let symbol: String
        let interval: String
        let candles: Int
        var name: String { "\(symbol)-\(interval)" }
        var testDescription: String { name }
    }

    /// All that a run leaves behind.
    struct Outcome: Equatable {
        let strategy: String
        let orders: String
        let fills: String
    }

    @Test(
        "a run with its owner killed again and again ends in the same trades and the same pnl as an undisturbed one",
        .enabled(if: recordedCandles("BTCUSDT-5m") != nil, "recorded candles are not on this machine"),
        arguments: [
            Recording(symbol: "BTCUSDT", interval: "5m", candles: 1_000),
            Recording(symbol: "ETHUSDT", interval: "1m", candles: 1_000),
        ]
    )
    func sameTrades(_ recording: Recording) async throws {
        var random = SeededGenerator(seed: 20_250_401)
        let undisturbed = try await run(recording) { _, _ in }
        #expect(undisturbed.fills.split(separator: "\n").count >= 10, "too few trades to prove anything")

        var kills = 0
        let disturbed = try await run(recording) { cluster, step in
            guard step % 60 == 30 else { return }
            kills += 1
            // Most often in the middle of a step, now and then in peace, sometimes two owners at once.
            if random.next() % 4 == 0 { try await settle(cluster, recording) }
            let owner = try await cluster.owner(of: recording.symbol)
            await owner.kill()
            if random.next() % 3 == 0 {
                let heir = try await cluster.owner(of: recording.symbol)
                if heir.name != owner.name { await heir.kill() }
                try heir.start()
            }
            try owner.start()
        }
        #expect(kills >= 10)
        #expect(disturbed.strategy == undisturbed.strategy)
        #expect(disturbed.orders == undisturbed.orders)
        #expect(disturbed.fills == undisturbed.fills)
    }

    private func run(
        _ recording: Recording,
        disturb: (TestCluster, _ step: Int) async throws -> Void
    ) async throws -> Outcome {
        let file = try #require(recordedCandles(recording.name))
        let history = 200
        return try await withCluster(
            simulator: ["--replay", file, "--steps", "--history", "\(history)"],
            environment: ["TENURE_LEASE_TTL": "1500ms", "TENURE_HEARTBEAT_INTERVAL": "250ms"]
        ) { cluster in
            try await cluster.start(recording.symbol, recording.interval, config: #"{"catch_up":"act"}"#)
            for step in 0..<(recording.candles - history) {
                try await cluster.advance(1)
                try await disturb(cluster, step)
                // Not every candle is waited for: what piles up is caught up with.
                if step % 5 == 0 { try await settle(cluster, recording) }
            }
            try await settle(cluster, recording)
            return Outcome(
                strategy: try await cluster.sql(
                    """
                    SELECT concat_ws(' ', candles, last_candle, position, pnl, fees, trades_count, unrealized_pnl)
                    FROM tenure.active_strategies
                    """
                ),
                orders: try await cluster.sql(
                    """
                    SELECT concat_ws(' ', client_order_id, side, effect, quantity_e8, reason, status, decided_on_ms)
                    FROM tenure.orders ORDER BY decided_on_ms, client_order_id
                    """
                ),
                fills: try await cluster.sql(
                    """
                    SELECT concat_ws(' ', trade_id, side, price_e8, quantity_e8, fee_e8, time_ms)
                    FROM tenure.fills ORDER BY time_ms, trade_id
                    """
                )
            )
        }
    }

    /// Waits until the strategy has processed the last candle that the market has closed.
    private func settle(_ cluster: TestCluster, _ recording: Recording) async throws {
        let market = try await cluster.marketTime()
        let interval = try #require(Interval(rawValue: recording.interval))
        let last = interval.openTime(containing: market).milliseconds - interval.milliseconds
        let wanted = Timestamp(milliseconds: last).description
        try await eventually("the candle of \(wanted)") {
            // RFC 3339 in UTC sorts as text.
            (try await cluster.strategy(recording.symbol)?["last_candle"]?.string ?? "") >= wanted
        }
    }
}
