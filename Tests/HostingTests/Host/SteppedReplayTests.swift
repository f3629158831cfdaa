import Coordination
import Exchanges
import Store
import Strategies
import TestSupport
import Testing
import Trading

@testable import Hosting

/// The heart of it: whatever happens to who runs a strategy, the same orders at the same prices, and the same profit to the
/// last digit.
@Suite(
    "A recorded market, replayed step by step",
    .serialized,
    .timeLimit(.minutes(5)),
    .enabled(if: Candles.areRecorded, Candles.missing)
)
struct SteppedReplayTests {
    private static let history = 200

    struct Journey: Sendable, CustomTestStringConvertible {
        let mode: String
        /// `nil`: nothing happens on the way.
        let seed: UInt64?

        var testDescription: String { "\(mode), " + (seed.map { "disturbed (\($0))" } ?? "undisturbed") }
    }

    @Test(
        "ends in the same orders, fills, state and profit, however it is passed around",
        arguments: [
            Journey(mode: "scalp", seed: nil), Journey(mode: "scalp", seed: 1), Journey(mode: "scalp", seed: 2),
            Journey(mode: "breakout", seed: 3),
        ]
    )
    func replay(journey: Journey) async throws {
        let file = try #require(recordedCandles("BTCUSDT-5m"))
        try await SteppedMarket.with(files: [file], history: Self.history) { market in
            try await HostFixture.with(market, replicas: 2) { fixture in
                var run = try RunFixture(journey.mode, RunFixture.lively[journey.mode] ?? [:])
                run.config = try run.mode.normalized(config: run.config.adding("catch_up", .string("act")))
                let strategy = try await fixture.database.addStrategy(
                    "BTCUSDT",
                    mode: journey.mode,
                    config: run.config
                )
                try await fixture.take()
                try await fixture.runs(strategy)
                if let seed = journey.seed {
                    try await disturbed(fixture, strategy, SeededGenerator(seed: seed))
                } else {
                    while try await !market.advance(40).isOver {}
                }
                let expected = try Self.expected(run, strategy)
                #expect(expected.fills.count > 40, "nothing to compare")
                try await eventually("the last candle is processed") {
                    try await fixture.database.outcome(strategy).progress == expected.progress
                }
                let outcome = try await fixture.database.outcome(strategy)
                #expect(outcome.orders == expected.orders)
                #expect(outcome.fills == expected.fills)
                #expect(outcome.state == expected.state)
            }
        }
    }

    /// The strategy is passed around between two replicas while the market goes on.
    private func disturbed(_ fixture: HostFixture, _ strategy: Int64, _ seeded: SeededGenerator) async throws {
        var random = seeded
        var owner = 0
        var tokens = [FencingToken(shard: 0, owner: 1, epoch: 1)]
        while true {
            let step = try await fixture.market.advance(Int.random(in: 1...12, using: &random))
            if step.isOver { return }
            let host = fixture.replicas[owner].host
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                // Dead for the others; nobody tells it.
                owner = 1 - owner
                tokens = try await fixture.take(by: owner)
            case 1:
                // It learns of it first.
                host.abandon(tokens)
                owner = 1 - owner
                tokens = try await fixture.take(by: owner)
            case 2:
                // A drain.
                #expect(await host.settle(tokens) == tokens)
                owner = 1 - owner
                tokens = try await fixture.take(by: owner, reason: "handover")
            case 3:
                // Fenced, and joined again.
                tokens = try await fixture.take(by: owner)
            case 4:
                // Settled for a hand-over that then did not happen.
                _ = await host.settle(tokens)
                host.bringUp(tokens.map { ShardClaim(token: $0, strategies: 1) })
            case 5:
                host.abandon(tokens)
                host.bringUp(tokens.map { ShardClaim(token: $0, strategies: 1) })
                host.refresh(shard: nil)
            case 6:
                try await fixture.market.disconnect()
            default:
                let last = step.time - 300_000
                try await eventually("it catches up") {
                    try await fixture.database.cursor(strategy) == last
                }
            }
        }
    }

    /// What the reducer says, without any of the machinery.
    private static func expected(_ fixture: RunFixture, _ strategy: Int64) throws -> HostingDatabase.Outcome {
        let candles = try Candles.recorded("BTCUSDT-5m")
        var run = StrategyRun(
            strategyID: strategy,
            symbol: "BTCUSDT",
            interval: .fiveMinutes,
            strategy: try fixture.mode.make(config: fixture.config),
            lastClosed: candles[history - 1].openTime,
            paper: fixture.paper
        )
        var ledger = Ledger()
        for candle in candles {
            let time = candle.openTime + 300_000
            ledger.commit(try run.close(candle, exchangeTime: time, barriers: []), try run.checkpoint())
        }
        let filled = Set(ledger.fills.map(\.orderID))
        let orders = ledger.orders.map { order in
            let status = filled.contains(order.id) ? "filled" : order.status.rawValue
            return "\(order.id) \(order.intent.side.rawValue) \(order.intent.quantity.raw) \(status)"
        }
        let fills = ledger.fills.map { fill in
            let (price, quantity, fee) = (fill.price.raw, fill.quantity.raw, fill.fee.raw)
            return "\(fill.tradeID) \(fill.side.rawValue) \(price) \(quantity) \(fee) \(fill.time.milliseconds)"
        }
        let end = try run.checkpoint()
        let (profit, trades) = (end.position.realizedPnL.raw, end.position.tradesCount)
        return HostingDatabase.Outcome(
            orders: orders,
            fills: fills,
            state: end.state,
            progress: "\(end.cursor.milliseconds) \(end.candles) \(profit) \(trades)"
        )
    }
}

extension JSONValue {
    fileprivate func adding(_ key: String, _ value: JSONValue) -> JSONValue {
        guard case .object(var fields) = self else { return self }
        fields[key] = value
        return .object(fields)
    }
}
