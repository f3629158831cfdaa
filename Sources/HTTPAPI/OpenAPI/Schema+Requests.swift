import Store
import Trading

extension Schema {
    static let startRequest = Schema(
        "StartRequest",
        .request(
            [
                ("symbol", .symbol), ("mode", .text("scalp", length: 1...64)),
                ("interval", .choice(Interval.self).like("1m")),
            ],
            optional: [
                ("exchange", .exchange), ("execution", .choice([Execution.paper, .live].map(\.rawValue))),
                (
                    "config",
                    Shape(#"{"type":"object"}"#, example: "{}").described("Parameters of the mode: see /api/modes.")
                ),
            ]
        )
    )

    static let stopRequest = Schema(
        "StopRequest",
        .request(
            [("symbol", .symbol)],
            optional: [
                ("exchange", .exchange), ("reason", .text("user_stopped", length: 1...200)),
                ("positions", .choice(StopPositions.self)),
            ]
        )
    )

    static let haltRequest = Schema(
        "HaltRequest",
        .request([], optional: [("reason", .text("prices are wrong", length: 1...200))])
    )

    static let marketRequest = Schema(
        "MarketRequest",
        .request([("symbol", .symbol)], optional: [("exchange", .exchange)])
    )

    static let signInRequest = Schema(
        "SignInRequest",
        .request([("token", .text("tenure_0123456789abcdef", pattern: #"^[!#-+\--:<-\[\]-~]+$"#))])
    )
}

extension Shape {
    /// The name of a market, in a request: upper or lower case.
    static let symbol = Shape.text("BTCUSDT", pattern: "^[A-Za-z0-9._-]{1,20}$")
    static let exchange = Shape.text("binance", pattern: "^[A-Za-z0-9._-]{1,32}$")
}
