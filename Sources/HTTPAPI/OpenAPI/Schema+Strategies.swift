import Store
import Trading

extension Schema {
    static let owner = Schema("Owner", .record([("id", .id), ("name", .text("replica-1"))]))

    static let limitMembers: [(String, Shape)] = [
        ("order_value", .decimal.described("What one entry may cost, in quote units.")),
        ("position_value", .decimal.described("What it may hold, entries under way included, in quote units.")),
        ("daily_loss", .decimal.described("What it may lose in a day (UTC); then it opens nothing until the next.")),
        ("orders_per_minute", .count),
    ]

    private static let strategyMembers: [(String, Shape)] = [
        ("id", .id),
        ("symbol", .text("BTCUSDT")),
        ("exchange", .text("binance")),
        ("strategy_type", .text("scalp")),
        ("interval", .choice(Interval.self).like("1m")),
        ("execution", .choice(Execution.self)),
        ("config", Shape(#"{"type":"object"}"#, example: #"{"fast_period":9}"#)),
        ("status", .choice(StrategyStatus.self).like("running")),
        ("started_at", .moment),
        ("last_active", .moment.described("Advances with the heartbeat of its owner.")),
        ("owner", .optional(owner.shape)),
        ("shard", .count),
        ("epoch", .count.described("How often its shard has changed hands.")),
        ("position", .decimal),
        ("exposure", .decimal),
        ("pnl", .decimal.described("Realised, after fees.")),
        ("unrealized_pnl", .decimal),
        ("fees", .decimal),
        ("trades_count", .count),
        ("candles", .count.described("Candles that it has processed.")),
        ("restores", .count.described("How often another replica has taken it over.")),
        ("last_candle", .optional(.moment).described("Open time of the last candle that it has processed.")),
        ("last_error", .optional(.text("The exchange does not know the market."))),
        ("limits", .record([], sometimes: limitMembers)),
        (
            "limit_reached",
            .optional(
                .record([
                    ("limit", .choice(limitMembers.map(\.0) + ["exposure"])),
                    ("reason", .text("an order of 101 is above 100")),
                ])
            )
            .described("What keeps it from opening something.")
        ),
        ("pnl_today", .decimal.described("Since midnight (UTC) of its last candle's day, realised and not.")),
        ("version", .id.described("Of its config and limits: plus one at every change.")),
        ("applied_version", .count.described("The one that its owner runs; 0 if it has not run yet.")),
        ("closing", .boolean.described("Its position is to be closed, and that has not been done yet.")),
    ]

    static let strategy = Schema("Strategy", .record(strategyMembers))

    static let strategyInDepth = Schema(
        "StrategyInDepth",
        .record(
            strategyMembers + [
                (
                    "state",
                    .optional(Shape(#"{"type":"object"}"#, example: #"{"wasAbove":true}"#))
                        .described("What the mode keeps from one candle to the next, as of the last checkpoint.")
                ),
                ("ownership", .array(of: ownershipChange.shape)),
            ]
        )
    )

    static let stoppedStrategy = Schema(
        "StoppedStrategy",
        .record([
            ("id", .id),
            ("symbol", .text("BTCUSDT")),
            ("exchange", .text("binance")),
            ("strategy_type", .text("scalp")),
            ("interval", .text("1m")),
            ("execution", .choice(Execution.self)),
            ("config", Shape(#"{"type":"object"}"#, example: #"{"fast_period":9}"#)),
            ("status", .choice(["stopped"])),
            ("started_at", .moment),
            ("stopped_at", .moment),
            ("reason", .text("user_stopped")),
            ("position", .decimal.described("What it kept.")),
            ("pnl", .decimal),
            ("fees", .decimal),
            ("trades_count", .count),
            ("candles", .count),
            ("restores", .count),
            ("last_candle", .optional(.moment)),
        ])
    )

    static let historyTotals = Schema(
        "HistoryTotals",
        .record([("strategies", .count), ("trades_count", .count), ("fees", .decimal), ("pnl", .decimal)])
    )

    static let strategyTable = Schema(
        "StrategyTable",
        .record([("items", .array(of: strategy.shape)), ("total", .count)])
    )
}
