import FoundationEssentials
import Store
import Strategies
import Testing
import Trading

@testable import Hosting

/// Makes and restores runs of one mode.
struct RunFixture: Sendable {
    var mode: StrategyMode
    var config: JSONValue
    var interval = Interval.fiveMinutes
    /// `nil`: live.
    var paper: PaperMarket? = .standard
    var limits = RiskLimits.none
    let strategyID: Int64 = 7

    init(_ mode: String = Puppet.mode, _ config: [String: JSONValue] = [:]) throws {
        self.mode = try #require(Self.registry.mode(mode))
        self.config = .object(config)
    }

    static let registry: StrategyRegistry = {
        var registry = StrategyRegistry.builtIn
        registry.register(Puppet.self)
        return registry
    }()

    /// Settings with which each built-in mode trades often.
    static let lively: [String: [String: JSONValue]] = [
        "scalp": [
            "fast_period": .number(3), "slow_period": .number(8), "rsi_period": .number(5), "rsi_floor": .string("20"),
            "rsi_ceiling": .string("95"), "max_holding_candles": .number(7),
        ],
        "breakout": ["entry_period": .number(6), "exit_period": .number(4), "atr_period": .number(5)],
    ]

    func run(lastClosed: Timestamp) throws -> StrategyRun {
        StrategyRun(
            strategyID: strategyID,
            symbol: "BTCUSDT",
            interval: interval,
            strategy: try mode.make(config: config),
            lastClosed: lastClosed,
            paper: paper,
            limits: limits
        )
    }

    func restored(_ checkpoint: Checkpoint) throws -> StrategyRun {
        try StrategyRun(
            strategyID: strategyID,
            symbol: "BTCUSDT",
            interval: interval,
            mode: mode,
            config: config,
            checkpoint: checkpoint,
            paper: paper,
            limits: limits
        )
    }

    /// What a run of the puppet remembers.
    func puppet(_ run: StrategyRun) throws -> Puppet {
        let state = try RunState(text: try run.checkpoint().state)
        return try JSONDecoder().decode(Puppet.self, from: Data(state.strategy.utf8))
    }
}
