import Store

extension Schema {
    static let order = Schema(
        "Order",
        .record([
            ("client_order_id", .text("t-42-1-1")),
            ("strategy_id", .id),
            ("exchange", .text("binance")),
            ("symbol", .text("BTCUSDT")),
            ("execution", .choice(Execution.self)),
            ("side", .choice(["buy", "sell"])),
            ("effect", .choice(["entry", "exit"])),
            ("quantity", .decimal),
            ("filled_quantity", .decimal),
            ("reason", .text("averages crossed")),
            (
                "status",
                .choice([
                    "intended", "acknowledged", "partially_filled", "filled", "canceled", "rejected", "expired",
                    "abandoned",
                ])
            ),
            ("status_reason", .optional(.text("insufficient balance"))),
            ("decided_on", .moment.described("Open time of the candle that it was decided on.")),
            ("shard", .count),
            ("epoch", .count),
            ("exchange_order_id", .optional(.text("28457"))),
            ("created_at", .moment),
            ("updated_at", .moment),
        ])
    )

    static let fill = Schema(
        "Fill",
        .record([
            ("trade_id", .text("991")),
            ("client_order_id", .text("t-42-1-1")),
            ("strategy_id", .id),
            ("exchange", .text("binance")),
            ("symbol", .text("BTCUSDT")),
            ("side", .choice(["buy", "sell"])),
            ("price", .decimal),
            ("quantity", .decimal),
            ("fee", .decimal.described("In the quote asset; 0 if it was paid in a third one.")),
            ("commission", .optional(.decimal).described("As the exchange charged it; null on paper.")),
            ("commission_asset", .optional(.text("BNB"))),
            ("time", .moment),
        ])
    )

    static let event = Schema(
        "Event",
        .record([
            ("id", .id),
            ("at", .moment),
            ("kind", .text("started")),
            ("strategy_id", .optional(.id)),
            ("replica_id", .optional(.id)),
            ("details", .object.described("More about it, by kind.")),
        ])
    )

    static let auditEntry = Schema(
        "AuditEntry",
        .record([
            ("id", .id.described("Of the event.")),
            ("at", .moment),
            ("by", .text("alice").described("The name of the token.")),
            ("kind", .text("halted")),
            ("strategy_id", .optional(.id)),
            ("symbol", .optional(.text("BTCUSDT"))),
            ("exchange", .optional(.text("binance"))),
            ("replica_id", .optional(.id)),
            ("details", .object.described("More about it, by kind.")),
        ])
    )

    static let ownershipChange = Schema(
        "OwnershipChange",
        .record([
            ("shard", .count),
            ("epoch", .count),
            ("owner", owner.shape),
            ("previous_owner", .optional(owner.shape)),
            ("reason", .choice(["crash", "handover", "vacant", "drain", "rebalance"])),
            ("fenced_reason", .optional(.choice(["session lost", "lease expired"]))),
            ("strategies", .optional(.count)),
            ("at", .moment),
            ("released_at", .optional(.moment)),
            ("ready_at", .optional(.moment)),
            ("gap_ms", .optional(.integer).described("How long nobody ran its strategies.")),
        ])
    )

    static let candle = Schema(
        "Candle",
        .record([
            ("open_time", .moment), ("open", .decimal), ("high", .decimal), ("low", .decimal), ("close", .decimal),
            ("volume", .decimal),
        ])
    )
}
