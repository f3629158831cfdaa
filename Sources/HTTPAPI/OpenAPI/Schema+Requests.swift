import Store
import Trading

extension Schema {
    private static let limits: [(String, Shape)] = [
        ("order_value", .positive.like("1000")), ("position_value", .positive.like("5000")),
        ("daily_loss", .positive.like("200")),
        ("orders_per_minute", Shape(#"{"type":"integer","minimum":1,"maximum":6000}"#, example: "10")),
    ]

    static let startMembers: [(String, Shape)] = [
        ("symbol", .symbol), ("mode", .text("scalp", length: 1...64)),
        ("interval", .choice(Interval.self).like("1m")),
    ]

    static let startOptions: [(String, Shape)] = [
        ("exchange", .exchange), ("execution", .choice([Execution.paper, .live].map(\.rawValue))),
        (
            "config",
            Shape(#"{"type":"object"}"#, example: "{}").described("Parameters of the mode: see /api/modes.")
        ),
        (
            "limits",
            .request([], optional: limits)
                .described(
                    "Beyond them nothing is opened; exits always leave. Those not given have the defaults."
                )
        ),
    ]

    static let startRequest = Schema("StartRequest", .request(startMembers, optional: startOptions))

    static let changeRequest = Schema(
        "ChangeRequest",
        .request(
            [],
            optional: [
                (
                    "config",
                    Shape(#"{"type":"object"}"#, example: #"{"fast_period":5}"#)
                        .described(
                            "Parameters to change: see /api/modes. A null brings the default back, for one of them or for all."
                        )
                ),
                (
                    "limits",
                    .request([], optional: limits)
                        .described("Limits to change. A null brings the default back, for one of them or for all.")
                ),
            ]
        )
    )

    static let closeRequest = Schema(
        "CloseRequest",
        .request(
            [("symbol", .symbol)],
            optional: [
                ("exchange", .exchange), ("reason", .text("closed by hand", length: 1...200)),
                ("pause", Shape.boolean.described("Keeps it from opening another position, too.")),
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

    static let clusterLimitsRequest = Schema(
        "ClusterLimitsRequest",
        .request(
            [],
            optional: [
                (
                    "exposure",
                    .request([], optional: Execution.allCases.map { ($0.rawValue, .optional(.positive)) })
                        .described("In quote units; null for no limit. What is not given stays as it is.")
                )
            ]
        )
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
    /// An amount above zero, in a request.
    static let positive = Shape.text("100", pattern: "^[0-9]{1,10}(\\.[0-9]{1,8})?$")
    /// The name of a market, in a request: upper or lower case.
    static let symbol = Shape.text("BTCUSDT", pattern: "^[A-Za-z0-9._-]{1,20}$")
    static let exchange = Shape.text("binance", pattern: "^[A-Za-z0-9._-]{1,32}$")
}
