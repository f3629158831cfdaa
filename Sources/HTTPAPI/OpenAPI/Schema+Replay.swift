import Trading

extension Schema {
    static let replayRequest = Schema(
        "ReplayRequest",
        .request(
            startMembers,
            optional: startOptions + [
                (
                    "candles",
                    Shape(
                        #"{"type":"integer","minimum":\#(StrategyRoutes.replayCandles.lowerBound),"maximum":\#(StrategyRoutes.replayCandles.upperBound),"default":1000}"#,
                        example: "1000"
                    )
                )
            ]
        )
    )

    static let replay = Schema(
        "Replay",
        .record([
            ("symbol", .text("BTCUSDT")),
            ("exchange", .text("binance")),
            ("mode", .text("scalp")),
            ("interval", .choice(Interval.self).like("1m")),
            ("config", Shape(#"{"type":"object"}"#, example: #"{"fast_period":9}"#).described("With all defaults.")),
            ("from", .optional(.moment).described("Open time of the first candle.")),
            ("to", .optional(.moment).described("Close time of the last one.")),
            ("candles", .count.described("Those that it acted on; fewer than asked for if the exchange has no more.")),
            ("pnl", .decimal.described("After fees; what it held at the end at the last price.")),
            ("fees", .decimal),
            ("trades_count", .count),
            ("wins", .count.described("Trades that earned something.")),
            ("max_drawdown", .decimal.described("How far it fell below its own highest point.")),
            (
                "buy_and_hold_pnl",
                .optional(.decimal).described(
                    "What the money of its first entry would have earned from the first candle to the last; null if it never entered."
                )
            ),
            (
                "trades",
                .array(
                    of: .record([
                        ("entry_time", .moment), ("entry_price", .decimal), ("exit_time", .moment),
                        ("exit_price", .decimal), ("quantity", .decimal), ("pnl", .decimal), ("fees", .decimal),
                        ("reason", .text("take-profit").described("Why it was left.")),
                    ])
                ).described("Those that came to their end, oldest first.")
            ),
            (
                "equity",
                .array(of: .record([("time", .moment), ("value", .decimal)]))
                    .described("What it had earned when candles closed: at most \(ReplayReport.mostPoints) points.")
            ),
        ])
    )
}
